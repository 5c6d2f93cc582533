package wasmbin

import (
	"errors"
	"fmt"
)

// ErrTooComplex is wrapped by Use.TooComplex.
var ErrTooComplex = errors.New("too complex to compile")

// Bounds of what compiling takes. A compiler that assigns registers takes a time that grows with the square of the branches in a body, or with the product of
// branches and locals, so that some ten kilobytes can keep it busy for minutes, and it looks up only between bodies. At these bounds a body takes
// wazero's a few seconds. The largest that real runtimes have is in brackets (Polkadot 9160 mostly; a program of Go's own compiler stays far below).
const (
	maxBodySize     = 1 << 20       // bytes of a body (192,020)
	maxBranches     = 1 << 14       // weighed branches of a body (7,320)
	maxLabels       = 1 << 15       // labels of all br_table of a body (7,666)
	maxLabelsSum    = 1_000_000     // and of a module (43,245; Go 85,760)
	maxBodyLocals   = 1 << 11       // locals of a body, parameters included (273)
	maxLive         = 3_000_000     // locals times weighed branches of a body (1,273,680; all others 334,152)
	maxLiveSum      = 20_000_000    // sum of these (4,872,486)
	maxSquares      = 1_000_000_000 // sum of the squares of weighed branches (126,472,262)
	maxInstructions = 10_000_000    // of a module (2,486,122)
)

// How branches weigh, by what they cost: a loop four times a block, with the metering in it.
const (
	weightLoop   = 4
	weightIf     = 2
	weightSwitch = 2 // br_table, without its labels
	weightElse   = 1 // block, br_if
)

// complexity adds up what compiling a module takes.
type complexity struct {
	branches, labels                    uint64 // of the present body
	labelsSum, liveSum, squares, allOps uint64
	err                                 error // the first bound that is exceeded
}

// instruction counts an instruction of the present body.
func (c *complexity) instruction(it *Iterator) {
	switch it.Op() {
	case OpLoop:
		c.branches += weightLoop
	case OpIf:
		c.branches += weightIf
	case OpBlock, OpBrIf:
		c.branches += weightElse
	case OpBrTable:
		c.branches += weightSwitch
		c.labels += uint64(it.labelCount)
	}
}

// body ends the body of function index, which has so many instructions.
func (c *complexity) body(index, size int, locals, instructions uint64) {
	live := locals * c.branches
	c.labelsSum += c.labels
	c.liveSum += live
	c.squares += c.branches * c.branches
	c.allOps += instructions
	for _, b := range []struct {
		what       string
		got, limit uint64
	}{
		{"bytes", uint64(size), maxBodySize},
		{"weighed branches", c.branches, maxBranches},
		{"branch table labels", c.labels, maxLabels},
		{"locals", locals, maxBodyLocals},
		{"locals times branches", live, maxLive},
		{"branch table labels up to there", c.labelsSum, maxLabelsSum},
		{"locals times branches up to there", c.liveSum, maxLiveSum},
		{"squares of branches up to there", c.squares, maxSquares},
		{"instructions up to there", c.allOps, maxInstructions},
	} {
		if b.got > b.limit && c.err == nil {
			c.err = fmt.Errorf("%w: function body %d: %d %s, at most %d", ErrTooComplex, index, b.got, b.what, b.limit)
		}
	}
	c.branches, c.labels = 0, 0
}
