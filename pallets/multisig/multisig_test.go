package multisig

import (
	"bytes"
	"encoding/hex"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/gotensor/gotensor/pallets/frame"
	tc "github.com/gotensor/gotensor/pallets/internal/testchain"
	"github.com/gotensor/gotensor/pallets/system"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/scale"
	"github.com/gotensor/gotensor/primitives/units"
)

// The known account of Alice, Bob and Charlie with threshold two of polkadot-js (polkadot-js/common
// packages/util-crypto/src/address/encodeMulti.spec.ts).
func TestAccount(t *testing.T) {
	var signatories []chain.AccountID
	for _, text := range []string{
		"5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY", "5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty", "5FLSigC9HGRKVhB9FiEo4Y3koPsNmBmLJbpXg2mp1hXcS59Y",
	} {
		who, err := chain.ParseAccountID(text)
		if err != nil {
			t.Fatal(err)
		}
		signatories = append(signatories, who)
	}
	slices.SortFunc(signatories, compare)
	const want = "5DjYJStmdZ2rcqXbXGX7TW85JsrW6uG4y9MUcLq2BoPMpRA7"
	if got := Account(signatories, 2).String(); got != want {
		t.Errorf("%s, expected %s", got, want)
	}
	// It is the same whoever of them signs.
	_, p := newChain(t)
	for i, who := range signatories {
		others := slices.Delete(slices.Clone(signatories), i, i+1)
		if got, err := p.account(who, others, 2); err != nil || got.String() != want {
			t.Errorf("signatory %d: %s, %v", i, got, err)
		}
	}
}

// Signatories must be others, in order, each once.
func TestSignatories(t *testing.T) {
	_, p := newChain(t)
	p.MaxSignatories = 100
	for _, test := range []struct {
		who    uint64
		others []chain.AccountID
		want   error
	}{
		{1, nil, TooFewSignatories},
		{1, tc.IDs(2), nil},
		{2, tc.IDs(1, 3), nil},
		{1, tc.IDs(1), SenderInSignatories},
		{2, tc.IDs(1, 2, 3), SenderInSignatories},
		{1, tc.IDs(3, 2), SignatoriesOutOfOrder},
		{1, tc.IDs(2, 2), SignatoriesOutOfOrder},
		{9, tc.IDs(3, 2, 9), SignatoriesOutOfOrder},
		{9, tc.IDs(9, 3), SenderInSignatories},
		{1, make([]chain.AccountID, 100), TooManySignatories},
	} {
		if _, err := p.account(tc.ID(test.who), test.others, 2); err != test.want {
			t.Errorf("%d with %v: %v, expected %v", test.who, test.others, err, test.want)
		}
	}
}

// Golden bytes: where an operation stands in the state, and what calls and events look like.
func TestEncoding(t *testing.T) {
	c, p := newChain(t)
	one, two := strings.Repeat("00", 31), strings.Repeat("00", 31)
	one, two = "01"+one, "02"+two
	hash32 := strings.Repeat("07", 32)
	callHash := [32]byte(bytes.Repeat([]byte{7}, 32))
	c.Run(func() {
		if _, err := p.ApproveAsMulti(tc.Signed(1), 2, tc.IDs(2, 3), nil, callHash, frame.Weight{}); err != nil {
			t.Fatal(err)
		}
	})
	id := Account(tc.IDs(1, 2, 3), 2)
	pallet, item := hash.Twox128([]byte("Multisig")), hash.Twox128([]byte("Multisigs"))
	first, second := hash.Twox64(id[:]), hash.Blake2b128(callHash[:])
	key := slices.Concat(pallet[:], item[:], first[:], id[:], second[:], callHash[:])
	stored, ok := c.Get(key)
	want := "01000000" + "00000000" + "0300000000000000" + one + "04" + one
	if !ok || hex.EncodeToString(stored) != want {
		t.Errorf("stored %x, expected %s", stored, want)
	}

	inner := &system.RemarkCall{}
	at := Timepoint{1, 2}
	for _, test := range []struct {
		call frame.Call
		want string
	}{
		{&AsMultiThreshold1Call{tc.IDs(1, 2), inner}, "0d00" + "08" + one + two + "000000"},
		{&AsMultiCall{2, tc.IDs(1), &at, inner, frame.RefTime(1)}, "0d01" + "0200" + "04" + one + "01" + "01000000" + "02000000" + "000000" + "0400"},
		{&ApproveAsMultiCall{2, nil, nil, callHash, frame.RefTime(1)}, "0d02" + "0200" + "00" + "00" + hash32 + "0400"},
		{&CancelAsMultiCall{2, tc.IDs(1), at, callHash}, "0d03" + "0200" + "04" + one + "01000000" + "02000000" + hash32},
		{&PokeDepositCall{2, tc.IDs(1), callHash}, "0d04" + "0200" + "04" + one + hash32},
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
		{NewMultisig{tc.ID(1), tc.ID(2), callHash}, "0d00" + one + two + hash32},
		{MultisigApproval{tc.ID(1), at, tc.ID(2), callHash}, "0d01" + one + "01000000" + "02000000" + two + hash32},
		{MultisigExecuted{tc.ID(1), at, tc.ID(2), callHash, frame.Outcome{}}, "0d02" + one + "01000000" + "02000000" + two + hash32 + "00"},
		{MultisigCancelled{tc.ID(1), at, tc.ID(2), callHash}, "0d03" + one + "01000000" + "02000000" + two + hash32},
		{DepositPoked{tc.ID(1), callHash, 1, 2}, "0d04" + one + hash32 + "0100000000000000" + "0200000000000000"},
	} {
		if got := hex.EncodeToString(test.event.AppendEvent(nil)); got != test.want {
			t.Errorf("%T: %s, expected %s", test.event, got, test.want)
		}
	}
}

// What calls are declared to weigh, and what they do.
func TestWeights(t *testing.T) {
	c, p := newChain(t)
	read, write := uint64(frame.ReadTime), uint64(frame.WriteTime)
	inner := &system.RemarkCall{Remark: make([]byte, 100)}
	z := uint64(len(frame.AppendCall(nil, inner)))
	w := inner.Info().Call.RefTime
	for _, test := range []struct {
		call frame.Call
		time uint64
	}{
		{&AsMultiThreshold1Call{tc.IDs(2), inner}, 20_470_382 + 397*z + 3*read + write + w},
		{&AsMultiCall{2, tc.IDs(2, 3), nil, inner, frame.RefTime(5)}, 34_745_418 + 2*193_313 + 2_057*z + 4*read + 2*write + 5},
		{&ApproveAsMultiCall{2, tc.IDs(2, 3), nil, [32]byte{}, frame.RefTime(5)}, 27_463_275 + 2*139_226 + read + write + 5},
		{&CancelAsMultiCall{2, tc.IDs(2, 3), Timepoint{}, [32]byte{}}, 28_623_566 + 2*135_351 + read + write},
		{&PokeDepositCall{2, tc.IDs(2, 3), [32]byte{}}, 27_349_525 + 2*121_813 + read + write},
	} {
		if info := test.call.Info(); info.Call.RefTime != test.time || info.Class != frame.Normal || info.Pays != frame.Yes {
			t.Errorf("%T: %+v, expected %d", test.call, info, test.time)
		}
	}
	c.Run(func() {
		remark := &system.RemarkCall{}
		post, err := p.AsMulti(tc.Signed(1), 2, tc.IDs(2, 3), nil, remark, frame.Weight{})
		if err != nil || post != frame.Used(weightCreate(2, 3)) {
			t.Errorf("first approval: %+v, %v", post, err)
		}
		at := Now()
		post, err = p.ApproveAsMulti(tc.Signed(2), 2, tc.IDs(1, 3), &at, hashOnly(remark), frame.Weight{})
		if err != nil || post != frame.Used(weightApprove(2, 0)) {
			t.Errorf("second approval: %+v, %v", post, err)
		}
		// The call runs, and as it does not say what it used, all of the declared weight counts.
		post, err = p.AsMulti(tc.Signed(3), 2, tc.IDs(1, 2), &at, remark, remark.Info().Call)
		if err != nil || post != (frame.PostInfo{}) {
			t.Errorf("execution: %+v, %v", post, err)
		}
	})
}

func hashOnly(c frame.Call) [32]byte {
	h, _ := hashOf(c)
	return h
}

// Random approvals, executions, cancellations and pokes: the state stays sound, nobody loses or gains a deposit, and failures change nothing.
func TestRandom(t *testing.T) {
	c, p := newChain(t)
	p.MaxSignatories = 5
	r := rand.New(rand.NewPCG(1, 2))
	people := tc.IDs(1, 2, 3, 4)
	c.Run(func() {
		for _, who := range people {
			c.SetFree(who, 10_000)
		}
		total := func() (sum units.Rao) {
			for _, who := range people {
				sum += c.Balances.TotalBalance(who)
			}
			return sum
		}
		before := total()
		done := map[string]int{}
		for range 3000 {
			system.SetNumber(chain.BlockNumber(1 + r.IntN(3)))
			n := 2 + r.IntN(3)
			group := slices.Clone(people[:n])
			i := r.IntN(n)
			who := group[i]
			others := slices.Delete(group, i, i+1)
			threshold := uint16(r.IntN(4))
			call := frame.Call(&system.RemarkCall{Remark: []byte{byte(r.IntN(2))}})
			var at *Timepoint
			if m, ok := p.Multisigs.Get(Account(people[:n], threshold), hashOnly(call)); ok && r.IntN(4) > 0 {
				at = &m.When
			}
			origin := frame.SignedBy(who)
			p.DepositBase = units.Rao(1 + r.IntN(3))
			var c2 frame.Call
			switch r.IntN(8) {
			case 0, 1, 2:
				c2 = &ApproveAsMultiCall{threshold, others, at, hashOnly(call), frame.Weight{}}
			case 3, 4:
				c2 = &AsMultiCall{threshold, others, at, call, frame.MaxWeight}
			case 5:
				c2 = &AsMultiThreshold1Call{others, call}
			case 6:
				c2 = &PokeDepositCall{threshold, others, hashOnly(call)}
			default:
				var when Timepoint
				if at != nil {
					when = *at
				}
				c2 = &CancelAsMultiCall{threshold, others, when, hashOnly(call)}
			}
			var err error
			if _, err = frame.DispatchBypassFilter(c2, origin); err != nil {
				tc.Noop(t, func() error { _, e := frame.DispatchBypassFilter(c2, origin); return e }, err)
				done[err.Error()]++
			} else {
				_, index := c2.CallIndex()
				done["call "+string('0'+rune(index))]++
			}
			if err := p.TryState(1); err != nil {
				t.Fatal(err)
			}
			if after := total(); after != before {
				t.Fatalf("total %d, before %d", after, before)
			}
		}
		for _, want := range []string{"call 0", "call 1", "call 2", "call 3", "call 4", "Multisig: AlreadyApproved", "Multisig: NotFound", "Multisig: NoTimepoint", "Multisig: MinimumThreshold", "Multisig: NotOwner"} {
			if done[want] == 0 {
				t.Errorf("%s did not come: %v", want, done)
			}
		}
		var sum units.Rao
		for _, m := range p.Multisigs.All() {
			sum += m.Deposit
		}
		var reserved units.Rao
		for _, who := range people {
			reserved += c.Balances.ReservedBalance(who)
		}
		if sum != reserved {
			t.Errorf("%d in deposits, %d in reserve", sum, reserved)
		}
	})
}

// TryState finds what it is there for.
func TestTryState(t *testing.T) {
	c, p := newChain(t)
	c.Run(func() {
		id := Account(tc.IDs(1, 2), 2)
		for _, test := range []struct {
			m    Multisig
			want error
		}{
			{Multisig{Depositor: tc.ID(1), Approvals: nil}, errApprovals},
			{Multisig{Depositor: tc.ID(1), Approvals: tc.IDs(2, 1)}, errApprovals},
			{Multisig{Depositor: tc.ID(1), Approvals: tc.IDs(1, 1)}, errApprovals},
			{Multisig{Depositor: tc.ID(1), Approvals: tc.IDs(1, 2, 3, 4)}, errApprovals},
			{Multisig{Depositor: tc.ID(1), Approvals: tc.IDs(1), Deposit: 1}, errReserve},
			{Multisig{Depositor: tc.ID(1), Approvals: tc.IDs(1)}, nil},
		} {
			p.Multisigs.Put(id, [32]byte{}, test.m)
			if err := p.TryState(1); err != test.want {
				t.Errorf("%+v: %v, expected %v", test.m, err, test.want)
			}
		}
	})
}

// The codecs that move all accounts at once read and write what the general ones do.
func FuzzAccounts(f *testing.F) {
	f.Add([]byte{0})
	f.Add(scale.AppendSlice(nil, tc.IDs(1, 2, 3)))
	f.Add(scale.AppendSlice(nil, make([]chain.AccountID, maxSignatories+1)))
	f.Add([]byte{0xfe, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, wire []byte) {
		want, wantErr := scale.UnmarshalFunc(wire, scale.DecodeSlice[chain.AccountID])
		got, err := scale.Unmarshal[Signatories](wire)
		if (err != nil) != (wantErr != nil) || !slices.Equal(got, want) {
			t.Errorf("%x: %v, %v; expected %v, %v", wire, got, err, want, wantErr)
		}
		approvals, err := scale.Unmarshal[Approvals](wire)
		if (err == nil) != (wantErr == nil && len(want) <= maxSignatories) || err == nil && !slices.Equal(approvals, want) {
			t.Errorf("%x: approvals %v, %v", wire, approvals, err)
		}
		if wantErr == nil && (!bytes.Equal(got.AppendScale(nil), wire) || err == nil && !bytes.Equal(approvals.AppendScale(nil), wire)) {
			t.Errorf("%x encodes as %x", wire, got.AppendScale(nil))
		}
	})
}
