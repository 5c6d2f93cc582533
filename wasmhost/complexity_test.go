package wasmhost

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/gotensor/gotensor/internal/wasmbin"
)

// repeat joins the parts n times.
func repeat(n int, parts ...any) []byte {
	one := asm(parts...)
	return bytes.Repeat(one[:len(one)-1], n)
}

// brTable is a br_table of n labels, all 0, and a default.
func brTable(n int) []byte {
	return append(wasmbin.AppendU32([]byte{byte(wasmbin.OpBrTable)}, uint32(n)), make([]byte, n+1)...)
}

// withBodies is a guest whose bodies of type "run" are n times the same, with so many locals.
func withBodies(n int, locals uint32, body []byte) *assembled {
	g := newModule()
	for range n {
		g.function(typeRun, []wasmbin.Locals{{Count: locals, Type: wasmbin.I32}}, body)
	}
	g.Exports = append(g.Exports, wasmbin.Export{Name: "run", Index: 0})
	return g
}

// compileBombs keep a compiler busy for long, each in its own way, by few bytes.
var compileBombs = []struct {
	name  string
	guest func() *assembled
	why   string
}{
	{"empty loops", func() *assembled {
		return withBodies(1, 0, asm(repeat(20_000, wasmbin.OpLoop, 0x40, wasmbin.OpEnd), wasmbin.OpUnreachable))
	}, "function body 0: 80000 weighed branches"},
	{"nested blocks", func() *assembled {
		return withBodies(1, 0, asm(repeat(49_000, wasmbin.OpBlock, 0x40), repeat(49_000, wasmbin.OpEnd), wasmbin.OpUnreachable))
	}, "49000 weighed branches"},
	{"nested loops", func() *assembled {
		return withBodies(1, 0, asm(repeat(10_000, wasmbin.OpLoop, 0x40), repeat(10_000, wasmbin.OpEnd), wasmbin.OpUnreachable))
	}, "40000 weighed branches"},
	{"ifs", func() *assembled {
		return withBodies(1, 0, asm(repeat(10_000, wasmbin.OpLocalGet, 0, wasmbin.OpIf, 0x40, wasmbin.OpEnd), wasmbin.OpUnreachable))
	}, "20000 weighed branches"},
	{"a million labels", func() *assembled {
		return withBodies(1, 0, asm(wasmbin.OpBlock, 0x40, wasmbin.OpLocalGet, 0, brTable(1_000_000), wasmbin.OpEnd, wasmbin.OpUnreachable))
	}, "1000000 branch table labels"},
	{"many tables of labels", func() *assembled {
		return withBodies(1, 0, asm(repeat(16_000, wasmbin.OpBlock, 0x40, wasmbin.OpLocalGet, 0, brTable(1), wasmbin.OpEnd), wasmbin.OpUnreachable))
	}, "48000 weighed branches"},
	{"locals under loops", func() *assembled {
		return withBodies(1, 20_000, asm(repeat(100, wasmbin.OpLoop, 0x40), repeat(100, wasmbin.OpEnd), wasmbin.OpUnreachable))
	}, "20002 locals"},
	{"fewer locals under more loops", func() *assembled {
		return withBodies(1, 1000, asm(repeat(1000, wasmbin.OpLoop, 0x40), repeat(1000, wasmbin.OpEnd), wasmbin.OpUnreachable))
	}, "4008000 locals times branches"},
	{"long body", func() *assembled {
		return withBodies(1, 0, asm(repeat(1<<20, wasmbin.OpNop), wasmbin.OpUnreachable))
	}, "1048578 bytes"},
	{"many bodies of loops", func() *assembled {
		return withBodies(100, 0, asm(repeat(1000, wasmbin.OpLoop, 0x40, wasmbin.OpEnd), wasmbin.OpUnreachable))
	}, "function body 62: 1008000000 squares of branches up to there"},
	{"many bodies of labels", func() *assembled {
		return withBodies(100, 0, asm(wasmbin.OpBlock, 0x40, wasmbin.OpLocalGet, 0, brTable(20_000), wasmbin.OpEnd, wasmbin.OpUnreachable))
	}, "function body 50: 1020000 branch table labels up to there"},
	{"many bodies of locals", func() *assembled {
		return withBodies(100, 1000, asm(repeat(250, wasmbin.OpLoop, 0x40, wasmbin.OpEnd), wasmbin.OpUnreachable))
	}, "function body 19: 20040000 locals times branches up to there"},
	{"many instructions", func() *assembled {
		return withBodies(11, 0, asm(repeat(1_000_000, wasmbin.OpNop), wasmbin.OpUnreachable))
	}, "function body 9: 10000020 instructions up to there"},
}

// Code that would keep the compiler busy for long is refused before it gets there. (Without that this test takes very long.)
func TestCompileBombs(t *testing.T) {
	e := newTestEngine(t, Config{})
	for _, b := range compileBombs {
		t.Run(b.name, func(t *testing.T) {
			_, err := e.Load(context.Background(), b.guest().Encode())
			if !errors.Is(err, ErrTooComplex) || !strings.Contains(err.Error(), b.why+", at most ") {
				t.Errorf("expected %q, got %v", b.why, err)
			}
		})
	}
	if n := e.Stats().Compiled; n != 0 {
		t.Errorf("%d of them were compiled", n)
	}
	stillGood(t, e)
}
