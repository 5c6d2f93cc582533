package blob

import (
	"slices"

	"github.com/gotensor/gotensor/internal/wasmbin"
)

// flow is the body of a function with jumps as Go's compiler writes it, taken apart:
//
//	prologue             SP (local 1) = its global
//	block                where calls lead that unwind the stack; not there where nothing is called
//	  loop               where jumps lead: they set PC_B (local 0) to a number
//	    block … block
//	      local.get 0
//	      br_table       to the end of one of the blocks
//	    end
//	    segment 0
//	    end
//	    segment 1
//	    …
//	  end
//	  unreachable
//	end
//	i32.const 1
//
// A segment is entered at its beginning only: from the one before, by a jump, or by who resumes the function where it had unwound.
// Source: the Go tree, cmd/internal/obj/wasm, preprocess.
type flow struct {
	body     []byte
	prologue int  // end of it
	unwinds  bool // there is a block around the loop
	tail     int  // begin of what stands behind the loop
	segments []segment
}

// segment is a run of code that is entered at its beginning.
type segment struct {
	parts []part
	next  int // the segment that follows where this one does not end in a jump or return; -1 where it does
}

// part is a run of instructions, and the branch behind it.
type part struct {
	start, end int // of the instructions
	after      int // end of the branch
	kind       branch
	op         wasmbin.Opcode // of the branch
	target     int            // of a jump
	nested     int            // blocks within the segment that are open where it branches
}

// branch is where a part leads at its end.
type branch byte

const (
	nowhere branch = iota // it is the segment's last
	jump                  // to another segment
	unwind                // to the end of the outer block
)

// maxSegments bounds the flows that are looked at: the largest that real programs have is below 2,000.
const maxSegments = 1 << 12

// instruction is one of a body, by its place there.
type instruction struct {
	op         wasmbin.Opcode
	index      uint32
	start, end int
}

func instructions(body []byte) []instruction {
	var list []instruction
	it := wasmbin.Instructions(body)
	for start := 0; it.Next(); start = it.End() {
		list = append(list, instruction{it.Op(), it.Index(), start, it.End()})
	}
	return list
}

// readFlow takes a valid body apart; ok is false where it is not of that form.
func readFlow(body []byte) (f flow, ok bool) {
	targets := onlyTable(body)
	list := instructions(body)
	f.body = body
	i := 0
	at := func(ops ...wasmbin.Opcode) bool {
		for j, op := range ops {
			if i+j >= len(list) || list[i+j].op != op {
				return false
			}
			if (op == wasmbin.OpBlock || op == wasmbin.OpLoop) && body[list[i+j].start+1] != blockVoid {
				return false
			}
		}
		return true
	}
	if at(wasmbin.OpGlobalGet, wasmbin.OpLocalSet) && list[0].index == 0 && list[1].index == 1 {
		i, f.prologue = 2, list[1].end
	}
	if at(wasmbin.OpBlock, wasmbin.OpLoop) {
		i, f.unwinds = i+1, true
	}
	if !at(wasmbin.OpLoop, wasmbin.OpBlock) {
		return f, false
	}
	first := i + 1
	for i = first; at(wasmbin.OpBlock); {
		i++
	}
	blocks := i - first
	if blocks > maxSegments || !at(wasmbin.OpLocalGet, wasmbin.OpBrTable, wasmbin.OpEnd) || list[i].index != 0 || len(targets) == 0 || targets[0] != 0 ||
		int(slices.Max(targets)) >= blocks {
		return f, false
	}
	i += 3
	for s := range blocks {
		seg := segment{next: s + 1}
		var (
			nested int
			ended  bool // what follows in the segment is never reached
			from   = list[i].start
			loop   = blocks - 1 - s // depth of the loop's label
		)
		cut := func(p part) {
			if !ended {
				p.start, p.nested = from, nested
				seg.parts = append(seg.parts, p)
			}
			from = p.after
		}
		for ; nested > 0 || list[i].op != wasmbin.OpEnd; i++ {
			switch in := &list[i]; in.op {
			case wasmbin.OpBlock, wasmbin.OpLoop, wasmbin.OpIf:
				nested++
			case wasmbin.OpEnd:
				nested--
			case wasmbin.OpI32Const:
				if !at(wasmbin.OpI32Const, wasmbin.OpLocalSet, wasmbin.OpBr) || list[i+1].index != 0 || int(list[i+2].index) != loop+nested {
					continue
				}
				pc, _ := wasmbin.ConstI32(append(slices.Clone(body[in.start:in.end]), byte(wasmbin.OpEnd)))
				target := int(targets[min(uint64(pc), uint64(len(targets)-1))])
				cut(part{end: in.start, after: list[i+2].end, kind: jump, op: wasmbin.OpBr, target: target})
				ended = ended || nested == 0
				i += 2
			case wasmbin.OpBr, wasmbin.OpBrIf:
				if int(in.index) < nested {
					continue
				}
				if !f.unwinds || int(in.index) != loop+1+nested {
					return f, false
				}
				cut(part{end: in.start, after: in.end, kind: unwind, op: in.op})
				ended = ended || nested == 0 && in.op == wasmbin.OpBr
			case wasmbin.OpReturn, wasmbin.OpUnreachable:
				if nested == 0 {
					cut(part{end: in.end, after: in.end})
					ended = true
				}
			}
		}
		cut(part{end: list[i].start, after: list[i].end})
		if ended {
			seg.next = -1
		}
		f.segments = append(f.segments, seg)
		f.tail = list[i].end
		i++
	}
	if !at(wasmbin.OpUnreachable) {
		return f, false
	}
	f.segments[blocks-1].next = -1
	return f, true
}

// blockVoid is the type of a block that takes and gives nothing.
const blockVoid = 0x40

// onlyTable returns the labels of the one br_table of body; nil where it has none or more.
func onlyTable(body []byte) []uint32 {
	var labels []uint32
	it := wasmbin.Instructions(body)
	for it.Next() {
		if it.Op() == wasmbin.OpBrTable {
			if labels != nil {
				return nil
			}
			labels = it.Labels()
		}
	}
	return labels
}

// thread returns the body with jumps forward that go straight to their segment: its block is open there. It can be resumed like the original.
func (f *flow) thread() []byte {
	out := make([]byte, 0, len(f.body))
	at := 0
	for s := range f.segments {
		for _, p := range f.segments[s].parts {
			if p.kind == jump && p.target > s {
				out = append(out, f.body[at:p.end]...)
				out = wasmbin.AppendU32(append(out, byte(wasmbin.OpBr)), uint32(p.target-s-1+p.nested))
				at = p.after
			}
		}
	}
	return append(out, f.body[at:]...)
}

// order is what is to be known of the graph of a flow to structure it. Its slices have an item for each segment.
type order struct {
	number []int   // in reverse postorder; -1 where nothing leads but resumption
	idom   []int   // immediate dominator
	heads  []bool  // jumps lead back to it
	sole   []int   // the segment that falls through to it, where nothing else leads there; else -1
	below  [][]int // the other segments that it dominates immediately, the last first
	back   bool    // there are jumps that lead back
}

// sort looks at the graph; ok is false where it has a loop that is entered elsewhere than at its head.
func (f *flow) sort() (o order, ok bool) {
	n := len(f.segments)
	o = order{number: make([]int, n), idom: make([]int, n), heads: make([]bool, n), sole: make([]int, n), below: make([][]int, n)}
	successors, predecessors := make([][]int, n), make([][]int, n)
	for s := range f.segments {
		for _, p := range f.segments[s].parts {
			if p.kind == jump {
				successors[s] = append(successors[s], p.target)
			}
		}
		if next := f.segments[s].next; next >= 0 {
			successors[s] = append(successors[s], next)
		}
		o.number[s], o.idom[s], o.sole[s] = -1, -1, -1
	}
	// Depth first, without recursion: done counts the successors of a segment that were looked at, and is -1 before the segment is.
	var post []int
	done := slices.Repeat([]int{-1}, n)
	done[0] = 0
	for stack := []int{0}; len(stack) > 0; {
		s := stack[len(stack)-1]
		if done[s] == len(successors[s]) {
			post = append(post, s)
			stack = stack[:len(stack)-1]
			continue
		}
		t := successors[s][done[s]]
		done[s]++
		if done[t] < 0 {
			done[t] = 0
			stack = append(stack, t)
		}
	}
	slices.Reverse(post)
	for i, s := range post {
		o.number[s] = i
		for _, t := range successors[s] {
			predecessors[t] = append(predecessors[t], s)
		}
	}
	// Source: Cooper, Harvey, Kennedy, "A simple, fast dominance algorithm" (2001).
	o.idom[0] = 0
	for changed := true; changed; {
		changed = false
		for _, s := range post[1:] {
			dominator := -1
			for _, p := range predecessors[s] {
				if o.idom[p] < 0 {
					continue
				}
				if dominator < 0 {
					dominator = p
				}
				for p != dominator {
					if o.number[p] > o.number[dominator] {
						p = o.idom[p]
					} else {
						dominator = o.idom[dominator]
					}
				}
			}
			if o.idom[s] != dominator {
				o.idom[s], changed = dominator, true
			}
		}
	}
	for _, s := range post {
		for _, t := range successors[s] {
			if o.number[t] > o.number[s] {
				continue
			}
			d := s
			for d != t && d != 0 {
				d = o.idom[d]
			}
			if d != t {
				return o, false
			}
			o.heads[t], o.back = true, true
		}
	}
	for _, s := range slices.Backward(post[1:]) {
		if p := predecessors[s]; len(p) == 1 && f.segments[p[0]].next == s {
			o.sole[s] = p[0]
		} else {
			o.below[o.idom[s]] = append(o.below[o.idom[s]], s)
		}
	}
	return o, true
}

// structurer writes a flow with blocks and loops for its jumps.
type structurer struct {
	f      *flow
	o      *order
	out    []byte
	labels []label // of the blocks that are open, innermost last
}

// label is what a branch to a block leads to: the segment behind the end of the block or at the head of the loop; -1 is the unwinding.
type label struct {
	segment int
	loop    bool
}

var unwinding = label{segment: -1}

// structure returns the body in a form that computes the same from the beginning, and cannot be resumed. Loops are loops, and jumps forward leave blocks.
// Source: Ramsey, "Beyond Relooper: recursive translation of unstructured control flow to structured control flow" (2022).
func (f *flow) structure(o *order) []byte {
	w := structurer{f: f, o: o, out: append(make([]byte, 0, len(f.body)), f.body[:f.prologue]...)}
	if f.unwinds {
		w.open(wasmbin.OpBlock, unwinding)
	}
	w.tree(0)
	return append(w.out, f.body[f.tail:]...)
}

func (w *structurer) open(op wasmbin.Opcode, l label) {
	w.out = append(w.out, byte(op), blockVoid)
	w.labels = append(w.labels, l)
}

func (w *structurer) close() {
	w.out = append(w.out, byte(wasmbin.OpEnd))
	w.labels = w.labels[:len(w.labels)-1]
}

// tree writes segment s and all that it dominates. Control never gets to the end of what it writes.
func (w *structurer) tree(s int) {
	if w.o.heads[s] {
		w.open(wasmbin.OpLoop, label{s, true})
		defer w.close()
	}
	for _, b := range w.o.below[s] {
		w.open(wasmbin.OpBlock, label{segment: b})
	}
	w.segment(s)
	for _, b := range slices.Backward(w.o.below[s]) {
		w.close()
		w.tree(b)
	}
}

func (w *structurer) segment(s int) {
	to := func(t int) label { return label{t, w.o.number[t] <= w.o.number[s]} }
	for _, p := range w.f.segments[s].parts {
		w.out = append(w.out, w.f.body[p.start:p.end]...)
		switch p.kind {
		case jump:
			w.branch(p.op, to(p.target), p.nested)
		case unwind:
			w.branch(p.op, unwinding, p.nested)
		}
	}
	switch next := w.f.segments[s].next; {
	case next < 0:
		w.out = append(w.out, byte(wasmbin.OpUnreachable))
	case w.o.sole[next] == s:
		w.tree(next)
	default:
		w.branch(wasmbin.OpBr, to(next), 0)
	}
}

func (w *structurer) branch(op wasmbin.Opcode, l label, nested int) {
	for i, open := range slices.Backward(w.labels) {
		if open == l {
			w.out = wasmbin.AppendU32(append(w.out, byte(op)), uint32(len(w.labels)-1-i+nested))
			return
		}
	}
	panic("BUG: a segment is not where its dominator says")
}
