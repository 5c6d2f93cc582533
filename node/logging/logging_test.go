package logging

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"
)

var at = time.Date(2026, 11, 22, 10, 52, 27, 123_456_789, time.UTC)

// lines logs with do and returns what was printed.
func lines(t *testing.T, cfg Config, do func(*Log, *slog.Logger)) string {
	t.Helper()
	var out bytes.Buffer
	cfg.Out, cfg.Location = &out, time.UTC
	l, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	do(l, slog.New(fixed{l.Logger().Handler()}))
	if !l.Close() {
		t.Fatal("not flushed")
	}
	return out.String()
}

// fixed gives all records one time.
type fixed struct{ slog.Handler }

func (f fixed) Handle(ctx context.Context, r slog.Record) error {
	r.Time = at
	return f.Handler.Handle(ctx, r)
}
func (f fixed) WithAttrs(a []slog.Attr) slog.Handler { return fixed{f.Handler.WithAttrs(a)} }
func (f fixed) WithGroup(s string) slog.Handler      { return fixed{f.Handler.WithGroup(s)} }

func TestLines(t *testing.T) {
	for _, c := range []struct {
		name string
		cfg  Config
		do   func(*Log, *slog.Logger)
		want string
	}{
		{"plain", Config{}, func(_ *Log, l *slog.Logger) {
			l.Info("🏆 Imported #1 (0x1234…abcd → 0x5678…ef01)", "target", "substrate")
		},
			"2026-11-22 10:52:27 🏆 Imported #1 (0x1234…abcd → 0x5678…ef01)\n"},
		{"below info", Config{}, func(_ *Log, l *slog.Logger) { l.Debug("no") }, ""},
		{"detailed", Config{Detailed: true}, func(_ *Log, l *slog.Logger) { l.Warn("careful", "target", "sync") },
			"2026-11-22 10:52:27.123  WARN sync: careful\n"},
		{"detailed by filter", Config{Filters: "txpool=debug"}, func(_ *Log, l *slog.Logger) {
			l = l.With("target", "txpool", "prefix", "Alice")
			l.Debug("Pool status", "ready", 3, "why", "a b", "empty", "")
			l.Log(context.Background(), LevelTrace, "no")
			l.Error("bad")
		}, "2026-11-22 10:52:27.123 DEBUG txpool: [Alice] Pool status ready=3 why=\"a b\" empty=\"\"\n" +
			"2026-11-22 10:52:27.123 ERROR txpool: [Alice] bad\n"},
		{"trace", Config{Filters: "TRACE"}, func(_ *Log, l *slog.Logger) { l.Log(context.Background(), LevelTrace, "m") },
			"2026-11-22 10:52:27.123 TRACE substrate: m\n"},
		{"colour", Config{Color: true, Detailed: true}, func(_ *Log, l *slog.Logger) { l.Info("m") },
			"\x1b[2m2026-11-22 10:52:27.123\x1b[0m \x1b[32m INFO\x1b[0m substrate: m\n"},
		{"groups", Config{}, func(_ *Log, l *slog.Logger) {
			l.With("a", 1).WithGroup("g").With("target", "x").Info("m", "b", slog.GroupValue(slog.Int("c", 2)))
		}, "2026-11-22 10:52:27 m a=1 g.target=x g.b.c=2\n"},
		{"forged lines", Config{}, func(_ *Log, l *slog.Logger) { l.Info("a\nb\x1b[31mc\x00\xff\u202e\u2028é", "k\n", "v\r") },
			`2026-11-22 10:52:27 a\nb\x1b[31mc\x00\xff\u202e\u2028é k\n=v\r` + "\n"},
	} {
		if got := lines(t, c.cfg, c.do); got != c.want {
			t.Errorf("%s:\ngot  %q\nwant %q", c.name, got, c.want)
		}
	}
}

// TestFilters has the cases of sc-tracing, logging/mod.rs, test_logger_filters, and our own.
func TestFilters(t *testing.T) {
	l, err := New(Config{Out: io.Discard, Filters: "grandpa=debug,sync=trace,client=warn,telemetry,something-with-dash=error, a=off,a::b=info,d=4"})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for _, c := range []struct {
		target string
		level  slog.Level
		want   bool
	}{
		{"grandpa", slog.LevelInfo, true}, {"grandpa", slog.LevelDebug, true}, {"grandpa", LevelTrace, false},
		{"sync", LevelTrace, true}, {"sync-gap", LevelTrace, true}, {"client", slog.LevelWarn, true}, {"client", slog.LevelInfo, false},
		{"telemetry", LevelTrace, true}, {"something-with-dash", slog.LevelError, true}, {"something-with-dash", slog.LevelWarn, false},
		{"other", slog.LevelInfo, true}, {"other", slog.LevelDebug, false},
		{"a", slog.LevelError, false}, {"a::b::c", slog.LevelInfo, true}, {"d", slog.LevelDebug, true},
	} {
		if got := l.Enabled(c.target, c.level); got != c.want {
			t.Errorf("%s at %v: %v", c.target, c.level, got)
		}
	}
	for _, bad := range []string{"a=loud", "=debug", "a[b]=debug", "sync=debug=debug", "a b"} {
		if _, err := New(Config{Out: io.Discard, Filters: bad}); err == nil {
			t.Errorf("%q accepted", bad)
		}
	}
}

func TestReload(t *testing.T) {
	got := lines(t, Config{}, func(l *Log, s *slog.Logger) {
		s.Debug("1", "target", "x")
		l.AddFilter("x=debug,y=loud")
		s.Debug("2", "target", "x")
		l.AddFilter("x=error")
		s.Info("3", "target", "x")
		l.ResetFilter()
		s.Info("4", "target", "x")
		s.Debug("5", "target", "x")
	})
	parts := strings.Split(strings.TrimSuffix(got, "\n"), "\n")
	if len(parts) != 3 || !strings.HasSuffix(parts[0], `Unable to parse directive while setting log filter: log filter "y=loud": level "loud": expected off, error, warn, info, debug or trace`) ||
		parts[1] != "2026-11-22 10:52:27 2" || parts[2] != "2026-11-22 10:52:27 4" {
		t.Error(got)
	}
	l, err := New(Config{Out: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	var many strings.Builder
	for i := range 3000 {
		fmt.Fprintf(&many, "t%d=debug,", i)
	}
	l.AddFilter(many.String())
	l.AddFilter("one_more=debug")
	if n := len(l.filter.Load().directives); n != maxDirectives {
		t.Error(n)
	}
}

// stuck is a reader of the log that does not read until it is released.
type stuck struct {
	release chan struct{}
	mu      sync.Mutex
	bytes.Buffer
}

func (s *stuck) Write(b []byte) (int, error) {
	<-s.release
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.Buffer.Write(b)
}

func TestStuckReader(t *testing.T) {
	out := &stuck{release: make(chan struct{})}
	l, err := New(Config{Out: out})
	if err != nil {
		t.Fatal(err)
	}
	log := l.Logger()
	long := strings.Repeat("x", 1000)
	const n = 10_000
	for i := range n { // 10 MB: this returns though nobody reads
		log.Info(long, "i", i)
	}
	if l.writer.flush(time.Millisecond) {
		t.Error("flushed")
	}
	close(out.release)
	if !l.Flush() {
		t.Fatal("not flushed")
	}
	log.Info("after")
	if !l.Close() {
		t.Fatal("not flushed")
	}
	got := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
	var dropped int
	if _, err := fmt.Sscanf(got[len(got)-2], "%d log lines dropped", &dropped); err != nil {
		t.Fatal(got[len(got)-2])
	}
	if dropped == 0 || dropped+len(got)-2 != n || !strings.HasSuffix(got[len(got)-1], "after") {
		t.Errorf("%d lines, %d dropped", len(got), dropped)
	}
}

func TestLongLine(t *testing.T) {
	got := lines(t, Config{}, func(_ *Log, s *slog.Logger) { s.Info(strings.Repeat("é", 1<<20)) })
	if len(got) > maxLine+64 || !strings.HasSuffix(got, " bytes more)\n") || strings.Contains(got, `\x`) {
		t.Errorf("%d bytes, …%q", len(got), got[len(got)-40:])
	}
}

func TestCrash(t *testing.T) {
	got := lines(t, Config{}, func(l *Log, _ *slog.Logger) {
		defer func() { recover() }()
		defer l.Crash()
		panic("BUG: on purpose")
	})
	if !strings.Contains(got, "BUG: on purpose stack=") || strings.Count(got, "\n") != 1 {
		t.Error(got)
	}
}

func TestConcurrent(t *testing.T) {
	got := lines(t, Config{}, func(l *Log, s *slog.Logger) {
		var wg sync.WaitGroup
		for g := range 8 {
			wg.Go(func() {
				s := s.With("g", g)
				for i := range 200 {
					s.Info("m", "i", i)
					if i%50 == 0 {
						l.AddFilter("q=debug")
					}
				}
			})
		}
		wg.Wait()
	})
	if n := strings.Count(got, "\n"); n != 1600 {
		t.Error(n)
	}
}

func BenchmarkInfo(b *testing.B) {
	l, err := New(Config{Out: io.Discard})
	if err != nil {
		b.Fatal(err)
	}
	log := l.Logger().With("target", "substrate")
	b.ReportAllocs()
	for b.Loop() {
		log.Info("🏆 Imported #1 (0x1234…abcd → 0x5678…ef01)", "i", 1)
	}
	l.Close()
}

func BenchmarkDisabled(b *testing.B) {
	l, err := New(Config{Out: io.Discard})
	if err != nil {
		b.Fatal(err)
	}
	log := l.Logger().With("target", "substrate")
	b.ReportAllocs()
	for b.Loop() {
		log.Debug("nothing")
	}
	l.Close()
}

func FuzzClean(f *testing.F) {
	f.Add("a\nb\x1b[31m\xff\u202e")
	f.Fuzz(func(t *testing.T, s string) {
		got := string(appendClean(nil, s))
		if strings.ContainsFunc(got, unsafeRune) || strings.ToValidUTF8(got, "") != got {
			t.Errorf("%q", got)
		}
	})
}

func FuzzFilter(f *testing.F) {
	f.Add("a=debug,b")
	f.Fuzz(func(t *testing.T, s string) {
		if d, err := parseDirectives(s); err == nil {
			var none *filter
			none.with(d).enabled(s, slog.LevelInfo)
		}
	})
}
