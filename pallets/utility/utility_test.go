package utility

import (
	"bytes"
	"encoding/hex"
	"errors"
	"testing"

	"github.com/gotensor/gotensor/pallets/frame"
	tc "github.com/gotensor/gotensor/pallets/internal/testchain"
	"github.com/gotensor/gotensor/pallets/system"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/scale"
)

// The known derived account of polkadot-js (polkadot-js/common packages/util-crypto/src/address/encodeDerived.spec.ts).
func TestDerivativeAccount(t *testing.T) {
	who, err := chain.ParseAccountID("5GvUh7fGKsdBEh5XpypkfkGuf7j3vXLxH9BdxjxnJNVXRYi1")
	if err != nil {
		t.Fatal(err)
	}
	if got := DerivativeAccount(who, 0).String(); got != "5E5XxqPxm7QbEs6twYfp3tyjXidn4kqRrNPH4o6JK9JSLUeD" {
		t.Error(got)
	}
}

// Golden bytes of calls and events.
func TestEncoding(t *testing.T) {
	newChain(t, nil)
	inner := &system.RemarkCall{Remark: []byte{7}}
	for _, test := range []struct {
		call frame.Call
		want string
	}{
		{&BatchCall{calls(inner, inner)}, "0b00" + "08" + "00000407" + "00000407"},
		{&AsDerivativeCall{0x0102, inner}, "0b01" + "0201" + "00000407"},
		{&BatchAllCall{}, "0b02" + "00"},
		{&DispatchAsCall{as(1), inner}, "0b03" + "0001" + "0100000000000000000000000000000000000000000000000000000000000000" + "00000407"},
		{&DispatchAsCall{frame.OriginCaller{Kind: frame.OriginRoot}, inner}, "0b03" + "0000" + "00000407"},
		{&ForceBatchCall{calls(inner)}, "0b04" + "04" + "00000407"},
		{&WithWeightCall{inner, frame.Weight{RefTime: 1, ProofSize: 2}}, "0b05" + "00000407" + "0408"},
		{&IfElseCall{inner, inner}, "0b06" + "00000407" + "00000407"},
		{&DispatchAsFallibleCall{frame.OriginCaller{Kind: frame.OriginNone}, inner}, "0b07" + "0002" + "00000407"},
	} {
		wire := frame.AppendCall(nil, test.call)
		if hex.EncodeToString(wire) != test.want {
			t.Errorf("%T: %x, expected %s", test.call, wire, test.want)
		}
		back, err := scale.UnmarshalFunc(wire, frame.DecodeCall)
		if err != nil || !bytes.Equal(frame.AppendCall(nil, back), wire) {
			t.Errorf("%T: read back %v, %v", test.call, back, err)
		}
	}
	for _, test := range []struct {
		event frame.Event
		want  string
	}{
		{BatchInterrupted{1, tc.CallFiltered}, "0b00" + "01000000" + "030005000000"},
		{BatchCompleted{}, "0b01"},
		{BatchCompletedWithErrors{}, "0b02"},
		{ItemCompleted{}, "0b03"},
		{ItemFailed{TooManyCalls.Dispatch()}, "0b04" + "030b00000000"},
		{DispatchedAs{frame.OutcomeOf(frame.BadOrigin)}, "0b05" + "0102"},
		{IfElseMainSuccess{}, "0b06"},
		{IfElseFallbackCalled{frame.TokenFundsUnavailable}, "0b07" + "0700"},
	} {
		if got := hex.EncodeToString(test.event.AppendEvent(nil)); got != test.want {
			t.Errorf("%T: %s, expected %s", test.event, got, test.want)
		}
	}
}

// Weight, class and fee: that of the inner calls together, always Normal, paid if one of them pays.
func TestInfo(t *testing.T) {
	newChain(t, nil)
	paying, free := &tc.Foobar{Start: frame.RefTime(100)}, &tc.Free{}
	read, write := uint64(frame.ReadTime), uint64(frame.WriteTime)
	for _, test := range []struct {
		name string
		call frame.Call
		time uint64
		pays frame.Pays
	}{
		{"empty batch", &BatchCall{}, 19_446_696 + 2*read, frame.No},
		{"free batch", &BatchCall{calls(free, free)}, 19_446_696 + 2*5_450_264 + 2*read + 20, frame.No},
		{"batch", &BatchCall{calls(free, paying)}, 19_446_696 + 2*5_450_264 + 2*read + 110, frame.Yes},
		{"batch_all", &BatchAllCall{calls(free)}, 13_428_230 + 5_663_250 + 2*read + 10, frame.No},
		{"force_batch", &ForceBatchCall{calls(paying)}, 12_134_867 + 5_477_293 + 2*read + 100, frame.Yes},
		{"as_derivative", &AsDerivativeCall{0, free}, 15_378_000 + 3*read + write + 10, frame.Yes},
		{"dispatch_as", &DispatchAsCall{as(1), free}, 6_893_000 + 10, frame.Yes},
		{"dispatch_as_fallible", &DispatchAsFallibleCall{as(1), free}, 7_113_000 + 10, frame.Yes},
		{"if_else", &IfElseCall{free, paying}, 21_831_000 + 2*read + 110, frame.Yes},
	} {
		info := test.call.Info()
		if info.Call.RefTime != test.time || info.Class != frame.Normal || info.Pays != test.pays {
			t.Errorf("%s: %+v, expected %d, Normal, pays %d", test.name, info, test.time, test.pays)
		}
	}
}

// The events of a batch stand in the order in which things happened, and a failed call leaves none of its own.
func TestEvents(t *testing.T) {
	c, p := newChain(t, nil)
	c.Run(func() {
		failing := &BatchAllCall{calls(&system.RemarkWithEventCall{}, &tc.Foobar{Err: true})}
		if _, err := p.ForceBatch(tc.Signed(1), calls(&tc.Free{}, failing, &tc.Free{})); err != nil {
			t.Error(err)
		}
		want := tc.Encode(ItemCompleted{}, ItemFailed{frame.Other}, ItemCompleted{}, BatchCompletedWithErrors{})
		if got := tc.Last(10); len(got) != 4 || !bytes.Equal(bytes.Join(got, nil), bytes.Join(want, nil)) {
			t.Errorf("%x, expected %x", got, want)
		}
	})
}

// A derived account keeps the filters of the sender, and dispatch_as begins with the base filter alone.
func TestFilters(t *testing.T) {
	c, p := newChain(t, nil)
	c.Run(func() {
		noLog := tc.Signed(1).Restrict(func(c frame.Call) bool { _, is := c.(*tc.Log); return !is })
		if _, err := p.AsDerivative(noLog, 0, &tc.Log{}); err != error(tc.CallFiltered) {
			t.Errorf("as_derivative: %v, expected CallFiltered", err)
		}
		for _, list := range [][]frame.Call{calls(&tc.Log{}), calls(&BatchCall{calls(&tc.Log{})}), calls(&IfElseCall{&tc.Log{}, &tc.Log{}})} {
			if _, err := p.Batch(noLog, list); err != nil || len(tc.Values()) != 0 {
				t.Errorf("batch: %v, %d values; expected none", err, len(tc.Values()))
			}
		}
		if err := p.DispatchAs(frame.Root(), as(1), &tc.Log{}); err != nil || len(tc.Values()) != 1 {
			t.Errorf("dispatch_as: %v, %d values; expected one", err, len(tc.Values()))
		}
		for name, err := range map[string]error{
			"dispatch_as":          p.DispatchAs(tc.Signed(1), as(1), &tc.Log{}),
			"dispatch_as_fallible": p.DispatchAsFallible(tc.Signed(1), as(1), &tc.Log{}),
			"with_weight":          p.WithWeight(tc.Signed(1), &tc.Log{}, frame.Weight{}),
			"as_derivative":        ok(p.AsDerivative(frame.Root(), 0, &tc.Log{})),
			"if_else":              ok(p.IfElse(frame.None(), &tc.Log{}, &tc.Log{})),
		} {
			if err != error(frame.BadOrigin) {
				t.Errorf("%s: %v, expected BadOrigin", name, err)
			}
		}
	})
}

// nested returns a call inside of depth calls that wrap makes.
func nested(depth int, inner frame.Call, wrap func(frame.Call) frame.Call) frame.Call {
	for range depth {
		inner = wrap(inner)
	}
	return inner
}

var wrappers = []struct {
	name string
	wrap func(frame.Call) frame.Call
}{
	{"batch", func(c frame.Call) frame.Call { return &BatchCall{calls(c)} }},
	{"batch after another", func(c frame.Call) frame.Call { return &BatchCall{calls(&tc.Free{}, c)} }},
	{"force_batch", func(c frame.Call) frame.Call { return &ForceBatchCall{calls(c)} }},
	{"as_derivative", func(c frame.Call) frame.Call { return &AsDerivativeCall{0, c} }},
	{"if_else", func(c frame.Call) frame.Call { return &IfElseCall{c, &tc.Free{}} }},
}

// At most 255 storage layers are open at once: the call that would open one more fails, and nothing else.
func TestLayers(t *testing.T) {
	for _, w := range wrappers {
		t.Run(w.name, func(t *testing.T) {
			for _, test := range []struct {
				depth int
				runs  bool
			}{{frame.MaxLayers - 1, true}, {frame.MaxLayers, false}} {
				c, _ := newChain(t, nil)
				c.Run(func() {
					_, err := frame.Dispatch(nested(test.depth, &tc.Log{Value: 1}, w.wrap), tc.Signed(1))
					if w.name == "as_derivative" && !test.runs {
						if err != error(frame.TransactionalLimitReached) {
							t.Errorf("depth %d: %v, expected TransactionalLimitReached", test.depth, err)
						}
					} else if err != nil {
						t.Errorf("depth %d: %v", test.depth, err)
					}
					if ran := len(tc.Values()) == 1; ran != test.runs {
						t.Errorf("depth %d: the inner call ran: %v, expected %v", test.depth, ran, test.runs)
					}
					if _, err := frame.Dispatch(&tc.Free{}, tc.Signed(1)); err != nil {
						t.Errorf("layers are left open: %v", err)
					}
				})
			}
		})
	}
}

// Calls that nest deeper than the decoder goes are refused; what it takes has weights and runs, and the work for it is not out of
// proportion.
func TestDepth(t *testing.T) {
	c, _ := newChain(t, nil)
	for _, w := range wrappers {
		for _, depth := range []int{1, 100, scale.MaxDepth - 1, scale.MaxDepth + 1, 100_000} {
			if depth > 1000 && w.name == "if_else" {
				continue // its second call comes behind the first: the encoder itself would recurse
			}
			wire := frame.AppendCall(nil, nested(min(depth, 5000), &tc.Log{Value: 1}, w.wrap))
			call, err := scale.UnmarshalFunc(wire, frame.DecodeUnboxedCall)
			if depth > scale.MaxDepth {
				if !errors.Is(err, scale.ErrDepth) {
					t.Errorf("%s %d deep: %v, expected ErrDepth", w.name, depth, err)
				}
				continue
			}
			if err != nil {
				t.Errorf("%s %d deep: %v", w.name, depth, err)
				continue
			}
			c.Run(func() {
				call.Info()
				frame.Dispatch(call, tc.Signed(1))
			})
		}
	}
	deep := bytes.Repeat([]byte{11, 0, 4}, 1_000_000)
	if _, err := scale.UnmarshalFunc(deep, frame.DecodeUnboxedCall); !errors.Is(err, scale.ErrDepth) {
		t.Errorf("a million batches: %v, expected ErrDepth", err)
	}
}

// A batch may hold as many calls as the constant says, and one more is refused.
func TestLongBatch(t *testing.T) {
	if BatchedCallsLimit != 10_922 {
		t.Errorf("limit %d, expected 10922", BatchedCallsLimit)
	}
	c, p := newChain(t, nil)
	wire := frame.AppendCall(nil, &BatchCall{repeated(BatchedCallsLimit, &tc.Free{})})
	call, err := scale.UnmarshalFunc(wire, frame.DecodeCall)
	if err != nil {
		t.Fatal(err)
	}
	c.Run(func() {
		post, err := frame.Dispatch(call, tc.Signed(1))
		if err != nil || post.Weight(call.Info()) != call.Info().Call {
			t.Errorf("%+v, %v", post, err)
		}
		if n := tc.Count(ItemCompleted{}); n != BatchedCallsLimit {
			t.Errorf("%d calls ran, expected %d", n, BatchedCallsLimit)
		}
		tc.Noop(t, func() error { return ok(p.ForceBatch(tc.Signed(1), repeated(BatchedCallsLimit+1, &tc.Free{}))) }, TooManyCalls)
	})
}

// FuzzCall reads any bytes as a call, and what reads well encodes to the same bytes, has a weight, and runs without a panic; failing
// calls change nothing.
func FuzzCall(f *testing.F) {
	for _, w := range wrappers {
		newChain(f, nil)
		f.Add(frame.AppendCall(nil, nested(3, tc.Transfer(2, 5), w.wrap)))
	}
	f.Add(bytes.Repeat([]byte{11, 0, 4}, 300))
	f.Fuzz(func(t *testing.T, wire []byte) {
		c, _ := newChain(t, nil)
		call, err := scale.UnmarshalFunc(wire, frame.DecodeUnboxedCall)
		if err != nil {
			return
		}
		if again := frame.AppendCall(nil, call); !bytes.Equal(again, wire) {
			t.Errorf("%x encodes as %x", wire, again)
		}
		for _, origin := range []frame.Origin{tc.Signed(1), frame.None()} {
			before := c.Root()
			c.Run(func() {
				info := call.Info()
				post, err := frame.Dispatch(call, origin)
				if !post.Weight(info).AllLTE(info.Call) {
					t.Errorf("cost %+v of %+v", post, info)
				}
				_ = err
			})
			if origin.Caller.Kind == frame.OriginNone && c.Root() != before {
				t.Error("the none origin changed the state")
			}
		}
	})
}
