package logging

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"
)

// Config sets up a log.
type Config struct {
	Out io.Writer // os.Stderr where nil

	// Filters are those of -l, --log: "target=level,…". What they do not name is logged from info on.
	Filters string
	// Detailed adds fractions of seconds, level and target to each line. A filter below info does so too. --detailed-log-output
	Detailed bool
	// Color colours times and levels: set it with IsTerminal, unless --disable-log-color.
	Color bool
	// Location of the times; time.Local where nil.
	Location *time.Location
}

// Log prints the node's log.
type Log struct {
	writer   *writer
	detailed bool
	color    bool
	location *time.Location

	filter  atomic.Pointer[filter]
	mu      sync.Mutex // of changes of filter
	initial *filter
}

// New makes a log. The error names the filter that does not parse.
func New(cfg Config) (*Log, error) {
	directives, err := parseDirectives(cfg.Filters)
	if err != nil {
		return nil, err
	}
	var none *filter
	f := none.with([]directive{{"", slog.LevelInfo}}).with(directives)
	if cfg.Out == nil {
		cfg.Out = os.Stderr
	}
	if cfg.Location == nil {
		cfg.Location = time.Local
	}
	l := &Log{
		writer:   newWriter(cfg.Out),
		detailed: cfg.Detailed || f.lowest < slog.LevelInfo,
		color:    cfg.Color,
		location: cfg.Location,
		initial:  f,
	}
	l.filter.Store(f)
	return l, nil
}

// IsTerminal tells whether f is a terminal and wants colours: NO_COLOR, as no-color.org has it, is for the caller to read.
func IsTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// Logger returns the logger to give to the parts of the node.
func (l *Log) Logger() *slog.Logger { return slog.New(&handler{log: l, target: ""}) }

// AddFilter adds directives to those in force: system_addLogFilter. Parts that do not parse are warned of and skipped, as there.
func (l *Log) AddFilter(directives string) {
	var good []directive
	for part := range strings.SplitSeq(directives, ",") {
		parsed, err := parseDirectives(part)
		if err != nil {
			l.Logger().Warn("Unable to parse directive while setting log filter: "+err.Error(), "target", "tracing")
		}
		good = append(good, parsed...)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.filter.Store(l.filter.Load().with(good))
}

// ResetFilter returns to the filters of the start: system_resetLogFilter.
func (l *Log) ResetFilter() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.filter.Store(l.initial)
}

// Enabled tells whether a record of the target and level is printed, for those who make costly messages. Guests ask it too.
func (l *Log) Enabled(target string, level slog.Level) bool {
	return l.filter.Load().enabled(target, level)
}

// MaxLevel is the lowest level that any target is printed at: what ext_logging_max_level answers from.
func (l *Log) MaxLevel() slog.Level { return l.filter.Load().lowest }

// flushTimeout is how long an end may wait for the reader of the log. Source: sc-tracing, logging/stderr_writer.rs.
const flushTimeout = 5 * time.Second

// Flush waits until what has been logged is written, for at most five seconds. It tells whether it is.
func (l *Log) Flush() bool { return l.writer.flush(flushTimeout) }

// Close flushes and ends the log: later lines are dropped.
func (l *Log) Close() bool { return l.writer.close(flushTimeout) }

// Crash is for a deferred call at the top of a goroutine: it logs a panic, flushes, and lets the panic go on.
func (l *Log) Crash() {
	if r := recover(); r != nil {
		l.Logger().Error(fmt.Sprint(r), "target", "panic", "stack", string(debug.Stack()))
		l.Flush()
		panic(fmt.Sprintf("BUG: %s", strings.TrimPrefix(fmt.Sprint(r), "BUG: ")))
	}
}

// handler is the slog.Handler of a Log.
type handler struct {
	log    *Log
	target string // "" where not set
	prefix string // "[name] " of the attribute "prefix"
	attrs  []byte // " key=value…"
	group  string // "a.b."
}

// Enabled implements slog.Handler.
func (h *handler) Enabled(_ context.Context, level slog.Level) bool {
	f := h.log.filter.Load()
	if h.target != "" {
		return f.enabled(h.target, level)
	}
	return level >= f.lowest // Handle knows the target
}

// WithAttrs implements slog.Handler.
func (h *handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	c := *h
	c.attrs = append([]byte(nil), h.attrs...)
	for _, a := range attrs {
		c.add(a)
	}
	return &c
}

// WithGroup implements slog.Handler.
func (h *handler) WithGroup(name string) slog.Handler {
	if name == "" {
		return h
	}
	c := *h
	c.attrs = append([]byte(nil), h.attrs...)
	c.group += name + "."
	return &c
}

// add takes an attribute in: target and prefix of the top level are places of the line, others are appended to it.
func (h *handler) add(a slog.Attr) {
	v := a.Value.Resolve()
	if h.group == "" {
		switch a.Key {
		case "target":
			h.target = v.String()
			return
		case "prefix":
			h.prefix = "[" + v.String() + "] "
			return
		}
	}
	h.attrs = appendAttr(h.attrs, h.group, a.Key, v)
}

func appendAttr(b []byte, group, key string, v slog.Value) []byte {
	if v.Kind() == slog.KindGroup {
		if key != "" {
			group += key + "."
		}
		for _, a := range v.Group() {
			b = appendAttr(b, group, a.Key, a.Value.Resolve())
		}
		return b
	}
	if key == "" {
		return b
	}
	b = append(b, ' ')
	b = appendClean(b, group+key)
	b = append(b, '=')
	s := v.String()
	if s == "" || strings.ContainsAny(s, " \"=") {
		return appendClean(b, strconv.Quote(s))
	}
	return appendClean(b, s)
}

// Handle implements slog.Handler.
func (h *handler) Handle(_ context.Context, r slog.Record) error {
	line := *h
	line.attrs = line.attrs[:len(line.attrs):len(line.attrs)] // what is added goes into another array
	r.Attrs(func(a slog.Attr) bool {
		line.add(a)
		return true
	})
	if line.target == "" {
		line.target = DefaultTarget
	}
	l := h.log
	if !l.Enabled(line.target, r.Level) {
		return nil
	}
	buf := buffers.Get().(*[]byte)
	b := l.appendLine((*buf)[:0], &line, r)
	l.writer.line(b)
	if cap(b) <= 64<<10 {
		*buf = b
		buffers.Put(buf)
	}
	return nil
}

var buffers = sync.Pool{New: func() any { b := make([]byte, 0, 512); return &b }}

const (
	dim   = "\x1b[2m"
	reset = "\x1b[0m"
)

// appendLine writes a record in Substrate's form. Source: sc-tracing, logging/event_format.rs.
func (l *Log) appendLine(b []byte, h *handler, r slog.Record) []byte {
	layout := "2006-01-02 15:04:05"
	if l.detailed {
		layout += ".000"
	}
	if l.color {
		b = append(b, dim...)
	}
	b = r.Time.In(l.location).AppendFormat(b, layout)
	if l.color {
		b = append(b, reset...)
	}
	b = append(b, ' ')
	if l.detailed {
		name, color := levelName(r.Level)
		if l.color {
			b = append(b, color...)
		}
		b = append(b, name...)
		if l.color {
			b = append(b, reset...)
		}
		b = append(b, ' ')
		b = appendClean(b, h.target)
		b = append(b, ": "...)
	}
	b = appendClean(b, h.prefix)
	b = appendClean(b, r.Message)
	b = append(b, h.attrs...)
	if extra := len(b) - maxLine; extra > 0 {
		cut := maxLine
		for !utf8.RuneStart(b[cut]) {
			cut--
		}
		b = fmt.Appendf(b[:cut], "… (%d bytes more)", extra)
	}
	return append(b, '\n')
}

// maxLine bounds one line: guests choose the lengths of their messages.
const maxLine = 256 << 10

func levelName(level slog.Level) (name, color string) {
	switch {
	case level >= slog.LevelError:
		return "ERROR", "\x1b[31m"
	case level >= slog.LevelWarn:
		return " WARN", "\x1b[33m"
	case level >= slog.LevelInfo:
		return " INFO", "\x1b[32m"
	case level >= slog.LevelDebug:
		return "DEBUG", "\x1b[34m"
	}
	return "TRACE", "\x1b[35m"
}

// appendClean appends text from anywhere without what acts on terminals or on readers of lines: control characters, line ends, marks
// that turn the direction of writing, and bytes that are no UTF-8 are escaped as in Go strings. Substrate deletes all of them but the
// newline, which lets a guest write whole lines of its own into the log.
func appendClean(b []byte, s string) []byte {
	from := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= 0x20 && c < 0x7f {
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && n == 1 {
			b = append(b, s[from:i]...)
			b = fmt.Appendf(b, `\x%02x`, c)
		} else if unsafeRune(r) {
			b = append(b, s[from:i]...)
			quoted := strconv.QuoteRuneToASCII(r)
			b = append(b, quoted[1:len(quoted)-1]...)
		} else {
			i += n
			continue
		}
		i += n
		from = i
	}
	return append(b, s[from:]...)
}

func unsafeRune(r rune) bool {
	return r < 0x20 || r >= 0x7f && r <= 0x9f || r >= 0x2028 && r <= 0x202e || r >= 0x2066 && r <= 0x2069
}
