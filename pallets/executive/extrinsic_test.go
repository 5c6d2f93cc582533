package executive

import (
	"bytes"
	"testing"

	"github.com/gotensor/gotensor/pallets/frame"
	"github.com/gotensor/gotensor/pallets/frame/host"
	"github.com/gotensor/gotensor/pallets/system"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/keys"
	"github.com/gotensor/gotensor/primitives/scale"
)

// resign puts another address, signature or extensions into a signed extrinsic.
func resign(t *testing.T, xt []byte, change func(address *chain.MultiAddress, signature *chain.MultiSignature)) []byte {
	t.Helper()
	d := scale.NewDecoder(xt)
	d.CompactU32()
	d.U8()
	address, signature := scale.Decode[chain.MultiAddress](d), scale.Decode[chain.MultiSignature](d)
	rest := d.Rest()
	if d.Err() != nil {
		t.Fatal(d.Err())
	}
	change(&address, &signature)
	return scale.AppendBytes(nil, append(signature.AppendScale(address.AppendScale([]byte{0x84})), rest...))
}

// TestSignatures applies extrinsics that are signed well, otherwise, or for another.
func TestSignatures(t *testing.T) {
	w := newWorld(t)
	w.Run(func() {
		w.InitializeBlock(header(1))
		c := w.call(w.custom, someFunction)
		long := &testCall{pallet: w.custom, index: batch}
		for range 300 {
			long.calls = append(long.calls, c)
		}
		flip := func(_ *chain.MultiAddress, s *chain.MultiSignature) { s.Bytes[10] ^= 1 }
		for _, p := range []keys.Pair{alice, bob, carol} {
			for name, want := range map[string]struct {
				xt   []byte
				want result
			}{
				"good":          {w.signed(p, c, terms{}), success},
				"flipped bit":   {resign(t, w.signed(p, c, terms{}), flip), invalid(frame.InvalidBadProof)},
				"another call":  {bytes.Replace(w.signed(p, c, terms{}), []byte{10, someFunction}, []byte{10, someRootOperation}, 1), invalid(frame.InvalidBadProof)},
				"other version": {w.signed(p, c, terms{spec: 9}), invalid(frame.InvalidBadProof)},
				"of another": {resign(t, w.signed(p, c, terms{}), func(a *chain.MultiAddress, _ *chain.MultiSignature) {
					*a = chain.AddressOf(chain.AccountID(repeat(7)))
				}), invalid(frame.InvalidBadProof)},
				"no account": {resign(t, w.signed(p, c, terms{}), func(a *chain.MultiAddress, _ *chain.MultiSignature) {
					a.Kind = chain.Address32
				}), invalid(frame.UnknownCannotLookup)},
				"raw address": {resign(t, w.signed(p, c, terms{}), func(a *chain.MultiAddress, _ *chain.MultiSignature) {
					*a = chain.MultiAddress{Kind: chain.AddressRaw, Bytes: []byte("raw")}
				}), invalid(frame.UnknownCannotLookup)},
				"index": {resign(t, w.signed(p, c, terms{}), func(a *chain.MultiAddress, _ *chain.MultiSignature) {
					*a = chain.MultiAddress{Kind: chain.AddressIndex}
				}), invalid(frame.UnknownCannotLookup)},
				"ethereum address": {resign(t, w.signed(p, c, terms{}), func(a *chain.MultiAddress, _ *chain.MultiSignature) {
					*a = chain.MultiAddress{Kind: chain.Address20, Bytes: make([]byte, 20)}
				}), invalid(frame.UnknownCannotLookup)},
				"hashed payload":      {w.signed(p, long, terms{}), success},
				"metadata hash":       {w.signed(p, c, terms{hash: true}), success},
				"unknown birth block": {w.signed(p, c, terms{era: chain.Era{Period: 64, Phase: 40}}), invalid(frame.InvalidAncientBirthBlock)},
				"mortal":              {w.signed(p, c, terms{era: chain.Era{Period: 64}, birth: repeat(69)}), success},
				"other birth":         {w.signed(p, c, terms{era: chain.Era{Period: 64}, birth: repeat(70)}), invalid(frame.InvalidBadProof)},
			} {
				host.Begin()
				if got := w.apply(want.xt); got != want.want {
					t.Errorf("%s, scheme %d: got %+v, want %+v", name, p.Scheme(), got, want.want)
				}
				host.Rollback()
			}
		}
	})
}

// TestMetadataHashUnknown: without a digest, transactions that name one are not known to be valid.
func TestMetadataHashUnknown(t *testing.T) {
	exts := extensions()
	exts[len(exts)-1].(*system.CheckMetadataHash).Hash = nil
	w := newWorldWith(t, exts)
	w.Run(func() {
		w.InitializeBlock(header(1))
		if got := w.apply(w.signed(alice, w.call(w.custom, someFunction), terms{hash: true})); got != invalid(frame.UnknownCannotLookup) {
			t.Errorf("got %+v", got)
		}
	})
}

// TestVersions applies bare extrinsics of both versions, and such as no version has.
func TestVersions(t *testing.T) {
	w := newWorld(t)
	call := w.call(w.custom, inherent).AppendScale(nil)
	of := func(first ...byte) []byte { return scale.AppendBytes(nil, append(first, call...)) }
	w.Run(func() {
		w.InitializeBlock(header(1))
		for _, first := range []byte{4, 5} {
			if got := w.apply(of(first)); got != success {
				t.Errorf("version %d: %+v", first, got)
			}
		}
	})
	// Whole extrinsics but for the version, and for the length.
	otherVersion := func(xt []byte, first byte) []byte {
		d := scale.NewDecoder(xt)
		body := bytes.Clone(d.View())
		body[0] = first
		return scale.AppendBytes(nil, body)
	}
	signed := w.signed(alice, w.call(w.custom, someFunction), terms{})
	general := scale.Marshal(chain.NewGeneral(0, []byte{0, 0, 0}, call))
	shorter, longer := of(4), of(4)
	shorter[0] -= 4
	longer[0] += 4
	for _, xt := range [][]byte{
		otherVersion(signed, 0x85), otherVersion(signed, 0x83), otherVersion(general, 0x44), otherVersion(general, 0x46), shorter, longer,
		nil, {0}, of(0), of(3), of(6), of(0x44), of(0x46), of(0x83), of(0x85), of(0xc4), of(0xc5), of(4)[:3], append(of(4), 0),
		scale.AppendBytes(nil, []byte{4, 99, 0}), scale.AppendBytes(nil, append(append([]byte{4}, call...), 0)), {0x0d, 0, 4, 10, 5},
	} {
		if err := refusal(w.Fork(), func() { w.ApplyExtrinsic(xt) }); err == nil {
			t.Errorf("%x was not refused", xt)
		}
	}
}

// authorize is an extension that authorizes whom it is told.
type authorize struct {
	frame.Plain
	who *chain.AccountID
}

func (authorize) Identifier() string { return "Authorize" }

func (a authorize) Validate(tx *frame.Tx) (frame.ValidTransaction, error) {
	if a.who != nil && tx.Origin.Caller.Kind == frame.OriginNone {
		tx.Origin = frame.SignedBy(*a.who)
	}
	return frame.DefaultValid(), nil
}

// TestGeneral applies general transactions: nobody signs them, so an extension must say on whose behalf they run.
func TestGeneral(t *testing.T) {
	who := account(alice)
	for name, c := range map[string]struct {
		who     *chain.AccountID
		version byte
		era     chain.Era
		nonce   uint32
		want    result
	}{
		"nobody":         {nil, 0, chain.Era{}, 0, invalid(frame.InvalidUnknownOrigin)},
		"somebody":       {&who, 0, chain.Era{}, 0, success},
		"other version":  {&who, 200, chain.Era{}, 0, success},
		"wrong nonce":    {&who, 0, chain.Era{}, 3, invalid(frame.InvalidFuture)},
		"no birth block": {&who, 0, chain.Era{Period: 64, Phase: 40}, 0, invalid(frame.InvalidAncientBirthBlock)},
	} {
		w := newWorldWith(t, append([]frame.Extension{authorize{who: c.who}}, extensions()...))
		explicit := append(scale.AppendCompact(c.era.AppendScale(nil), uint64(c.nonce)), 0)
		xt := scale.Marshal(chain.NewGeneral(c.version, explicit, w.call(w.custom, someFunction).AppendScale(nil)))
		w.Run(func() {
			want := c.want.invalid
			if want == frame.InvalidFuture {
				want = nil // the pool waits for what comes before
			}
			if _, err := w.validate(xt); err != want {
				t.Errorf("%s in the pool: got %v, want %v", name, err, want)
			}
			w.InitializeBlock(header(1))
			if got := w.apply(xt); got != c.want {
				t.Errorf("%s: got %+v, want %+v", name, got, c.want)
			}
		})
	}
}

// TestOutcome looks at the results of calls that fail or cost less, byte by byte, at what they leave, and at their events.
func TestOutcome(t *testing.T) {
	w := newWorld(t)
	var weight frame.Weight
	for _, x := range w.Executive.extensions {
		weight = weight.Add(x.Weight(nil))
	}
	w.Run(func() {
		w.InitializeBlock(header(1))
		for i, c := range []struct {
			index uint8
			bytes []byte
			event frame.Event
			used  frame.Weight
			kept  bool
		}{
			{someFunction, []byte{0, 0}, system.ExtrinsicSuccess{DispatchInfo: system.DispatchEventInfo{Weight: weight.Add(frame.RefTime(30_000))}}, frame.RefTime(30_000), false},
			{someUnsignedMessage, []byte{0, 1, 2}, system.ExtrinsicFailed{
				DispatchError: frame.BadOrigin, DispatchInfo: system.DispatchEventInfo{Weight: weight.Add(frame.RefTime(30_000))},
			}, frame.RefTime(30_000), false},
			{failing, []byte{0, 1, 7, 5}, system.ExtrinsicFailed{
				DispatchError: frame.TokenFrozen, DispatchInfo: system.DispatchEventInfo{Weight: weight.Add(frame.RefTime(12_000)), PaysFee: frame.No},
			}, frame.RefTime(12_000), false},
			{setStorage, []byte{0, 0}, system.ExtrinsicSuccess{DispatchInfo: system.DispatchEventInfo{Weight: weight.Add(frame.RefTime(10_000))}}, frame.RefTime(10_000), true},
		} {
			xt := w.signed(alice, w.call(w.custom, c.index), terms{nonce: uint32(i)})
			before := total()
			if got := w.ApplyExtrinsic(xt); !bytes.Equal(got, c.bytes) {
				t.Errorf("call %d: result %x, want %x", c.index, got, c.bytes)
			}
			if got, want := total().Sub(before), weight.Add(c.used).Add(frame.Weight{ProofSize: uint64(len(xt))}); got != want {
				t.Errorf("call %d: the block is heavier by %v, want %v", c.index, got, want)
			}
			events := system.EventRecords()
			want := system.EventRecord{Phase: system.Phase{Kind: system.PhaseApplyExtrinsic, Extrinsic: uint32(i)}, Event: c.event.AppendEvent(nil)}
			if got := events[len(events)-1]; !bytes.Equal(got.AppendScale(nil), want.AppendScale(nil)) {
				t.Errorf("call %d: event %+v, want %+v", c.index, got, want)
			}
			if _, kept := host.Get([]byte("key")); kept != c.kept {
				t.Errorf("call %d: its write is there: %v, want %v", c.index, kept, c.kept)
			}
			if nonce := system.AccountNonce(account(alice)); nonce != uint32(i+1) {
				t.Errorf("call %d: nonce %d", c.index, nonce)
			}
		}
	})
}

// TestPool asks what the pool asks.
func TestPool(t *testing.T) {
	w := newWorld(t)
	w.Run(func() {
		c := w.call(w.custom, someFunction)
		tag := func(nonce uint32) []byte {
			who := account(alice)
			return scale.AppendU32(bytes.Clone(who[:]), nonce)
		}
		system.IncAccountNonce(account(alice))
		for name, x := range map[string]struct {
			xt       []byte
			err      error
			requires [][]byte
			provides [][]byte
			live     uint64
		}{
			"next":      {w.signed(alice, c, terms{nonce: 1}), nil, nil, [][]byte{tag(1)}, 1<<64 - 2},
			"later":     {w.signed(alice, c, terms{nonce: 5}), nil, [][]byte{tag(4)}, [][]byte{tag(5)}, 1<<64 - 2},
			"used":      {w.signed(alice, c, terms{}), frame.InvalidStale, nil, nil, 0},
			"mortal":    {w.signed(alice, c, terms{nonce: 1, era: chain.Era{Period: 64}, birth: repeat(69)}), nil, nil, [][]byte{tag(1)}, 63},
			"bad proof": {w.signed(alice, c, terms{spec: 3}), frame.InvalidBadProof, nil, nil, 0},
			"stranger":  {w.signed(pair(keys.Sr25519, "//Dave"), c, terms{}), frame.InvalidPayment, nil, nil, 0},
			"mandatory": {w.signed(alice, w.call(w.custom, inherent), terms{nonce: 1}), frame.InvalidMandatoryValidation, nil, nil, 0},
			"no such validator": {
				bare(&system.RemarkCall{}), frame.InvalidCall, nil, nil, 0,
			},
		} {
			valid, err := w.validate(x.xt)
			if err != x.err {
				t.Errorf("%s: %v, want %v", name, err, x.err)
				continue
			}
			if err == nil && (!equal(valid.Requires, x.requires) || !equal(valid.Provides, x.provides) || valid.Longevity != x.live || !valid.Propagate) {
				t.Errorf("%s: %+v", name, valid)
			}
		}
	})
}

func equal(a, b [][]byte) bool {
	return bytes.Equal(scale.AppendSeq(nil, a, scale.AppendBytes), scale.AppendSeq(nil, b, scale.AppendBytes))
}

// TestAuthorizedUpgrade applies the code of an authorized upgrade without a signature, in the pool and in a block.
func TestAuthorizedUpgrade(t *testing.T) {
	w := newWorld(t)
	w.Run(func() {
		w.InitializeBlock(header(1))
		code := []byte("code")
		xt := bare(&system.ApplyAuthorizedUpgradeCall{Code: code})
		if _, err := w.validate(xt); err != frame.InvalidCall {
			t.Errorf("nothing is authorized: %v", err)
		}
		if got := w.apply(xt); got != invalid(frame.InvalidCall) {
			t.Errorf("nothing is authorized: %+v", got)
		}
		if err := w.sys.AuthorizeUpgradeWithoutChecks(frame.Root(), hash.Blake2b256(code)); err != nil {
			t.Fatal(err)
		}
		valid, err := w.validate(xt)
		want := frame.ValidTransaction{Priority: 1<<64 - 1, Longevity: 1<<64 - 1, Propagate: true}
		h := hash.Blake2b256(code)
		want.Provides = [][]byte{h[:]}
		if err != nil || !bytes.Equal(valid.AppendScale(nil), want.AppendScale(nil)) {
			t.Errorf("pool: %+v, %v", valid, err)
		}
		// The weight limit of this runtime is below what the call declares.
		if got := w.apply(xt); got != invalid(frame.InvalidExhaustsResources) {
			t.Errorf("block: %+v", got)
		}
		limit := frame.Weight{RefTime: 1 << 50, ProofSize: 1<<64 - 1}
		w.sys.BlockWeights.PerClass.Operational.MaxTotal, w.sys.BlockWeights.MaxBlock = &limit, limit
		if got := w.apply(xt); got != success {
			t.Errorf("block: %+v", got)
		}
		if got, _ := host.Get([]byte(":code")); !bytes.Equal(got, code) {
			t.Errorf("code is %q", got)
		}
	})
}

// TestInspect compares what an extrinsic declares with what it is made of.
func TestInspect(t *testing.T) {
	w := newWorld(t)
	w.Run(func() {
		info, isBare, err := w.Inspect(w.signed(alice, w.call(w.custom, someRootOperation), terms{}))
		if err != nil || isBare || info.Class != frame.Operational || info.Call != frame.RefTime(200_000) || info.Extension == (frame.Weight{}) {
			t.Errorf("signed: %+v, %v, %v", info, isBare, err)
		}
		info, isBare, err = w.Inspect(bare(w.call(w.custom, someRootOperation)))
		if err != nil || !isBare || info.Extension != (frame.Weight{}) {
			t.Errorf("bare: %+v, %v, %v", info, isBare, err)
		}
		if _, _, err = w.Inspect([]byte{4, 9}); err == nil {
			t.Error("an extrinsic of version 9 was taken")
		}
	})
}
