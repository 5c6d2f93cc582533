package logging

import (
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
)

// LevelTrace is Substrate's trace, below slog's levels.
const LevelTrace = slog.LevelDebug - 4

// levelOff is above every level that is used.
const levelOff = slog.LevelError + 100

// DefaultTarget is the target of records that name none.
const DefaultTarget = "substrate"

// parseLevel reads a level as Substrate's flags take it: a name in any case, or 0 (off) to 5 (trace).
func parseLevel(s string) (slog.Level, bool) {
	switch strings.ToLower(s) {
	case "off", "0":
		return levelOff, true
	case "error", "1":
		return slog.LevelError, true
	case "warn", "2":
		return slog.LevelWarn, true
	case "info", "3":
		return slog.LevelInfo, true
	case "debug", "4":
		return slog.LevelDebug, true
	case "trace", "5":
		return LevelTrace, true
	}
	return 0, false
}

// directive is one part of a filter: target "" is the default of all.
type directive struct {
	target string
	level  slog.Level
}

// parseDirective reads "level", "target=level", "target=" or "target", the last two meaning trace.
// The reference's filters on spans ("target[span{field=value}]=level") have no meaning here and are errors.
func parseDirective(s string) (directive, error) {
	if level, ok := parseLevel(s); ok {
		return directive{"", level}, nil
	}
	target, name, _ := strings.Cut(s, "=")
	level := LevelTrace
	if name != "" {
		var ok bool
		if level, ok = parseLevel(name); !ok {
			return directive{}, fmt.Errorf("log filter %q: level %q: expected off, error, warn, info, debug or trace", s, name)
		}
	}
	if target == "" || len(target) > maxTarget || strings.ContainsFunc(target, notInTarget) {
		return directive{}, fmt.Errorf("log filter %q: target %q: expected letters, digits and _-:./", s, target)
	}
	return directive{target, level}, nil
}

const maxTarget = 256

func notInTarget(r rune) bool {
	return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("_-:./", r))
}

// parseDirectives reads a list with commas between; empty parts are nothing.
func parseDirectives(s string) ([]directive, error) {
	var out []directive
	for part := range strings.SplitSeq(s, ",") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		d, err := parseDirective(part)
		if err != nil {
			return nil, err
		}
		out = append(out, d)
	}
	return out, nil
}

// filter decides by target and level. Immutable.
//
// A directive is for every target that begins with its own ("sync" is for "sync-gap" too), and the longest one decides.
type filter struct {
	directives []directive // longest target first
	lowest     slog.Level  // of all directives
}

// maxDirectives bounds what a client of system_addLogFilter can pile up.
const maxDirectives = 1024

// with returns the filter with directives added; those of the same target replace.
func (f *filter) with(more []directive) *filter {
	levels := make(map[string]slog.Level)
	if f != nil {
		for _, d := range f.directives {
			levels[d.target] = d.level
		}
	}
	for _, d := range more {
		if _, known := levels[d.target]; known || len(levels) < maxDirectives {
			levels[d.target] = d.level
		}
	}
	out := &filter{lowest: levelOff}
	for _, target := range slices.Sorted(maps.Keys(levels)) {
		out.directives = append(out.directives, directive{target, levels[target]})
		out.lowest = min(out.lowest, levels[target])
	}
	slices.SortStableFunc(out.directives, func(a, b directive) int { return len(b.target) - len(a.target) })
	return out
}

func (f *filter) enabled(target string, level slog.Level) bool {
	if level < f.lowest {
		return false
	}
	for _, d := range f.directives {
		if strings.HasPrefix(target, d.target) {
			return level >= d.level
		}
	}
	return false
}
