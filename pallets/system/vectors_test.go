package system

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/gotensor/gotensor/internal/vectors"
	"github.com/gotensor/gotensor/pallets/frame"
	"github.com/gotensor/gotensor/pallets/frame/host"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/scale"
	"github.com/gotensor/gotensor/primitives/units"
	"github.com/gotensor/gotensor/testnet/native"
)

// The expectations of frame-system 41.0.0 (paritytech/polkadot-sdk at polkadot-stable2506): substrate/frame/system/src/tests.rs and the tests in
// src/extensions, on the runtime of src/mock.rs; and of substrate/frame/metadata-hash-extension/src/tests.rs.

// mockWeights are the limits of the original's mock: a block of 1024, of which normal calls get three quarters.
func mockWeights() BlockWeights {
	block := frame.Weight{RefTime: 1024, ProofSize: 1<<64 - 1}
	normal := percent(block, 75)
	reserve := block.Sub(normal)
	base, operational := frame.RefTime(5), frame.RefTime(10)
	maxNormal, maxOperational := normal.Sub(base), block.Sub(operational)
	return BlockWeights{
		BaseBlock: frame.RefTime(10),
		MaxBlock:  block,
		PerClass: WeightsPerClasses{
			Normal:      WeightsPerClass{base, &maxNormal, &normal, &frame.Weight{}},
			Operational: WeightsPerClass{operational, &maxOperational, &block, &reserve},
			Mandatory:   WeightsPerClass{BaseExtrinsic: base},
		},
	}
}

type mockMigrator struct{ ongoing bool }

func (m *mockMigrator) Ongoing() bool      { return m.ongoing }
func (m *mockMigrator) Step() frame.Weight { return frame.Weight{} }

func mockPallet() *Pallet {
	return &Pallet{
		Constants: Constants{
			BlockWeights:   mockWeights(),
			BlockLength:    BlockLengthOf(1024, 75),
			BlockHashCount: 10,
			DbWeight:       DbWeight{10, 100},
			Version: chain.RuntimeVersion{
				SpecName: "test", ImplName: "system-test", AuthoringVersion: 1, SpecVersion: 1, ImplVersion: 1, TransactionVersion: 1, SystemVersion: 1,
			},
		},
		MaxConsumers: 16,
		Migrator:     new(mockMigrator),
	}
}

// newExt returns the genesis state of the original's new_test_ext.
func newExt(t testing.TB) (*native.Ext, *Pallet) {
	t.Helper()
	p := mockPallet()
	frame.Install(nil, frame.Entry{Index: 0, Name: "System", Pallet: p})
	ext := native.New(t)
	ext.Run(func() {
		if err := p.BuildGenesis(nil); err != nil {
			t.Fatal(err)
		}
		RegisterExtraWeightUnchecked(p.BlockWeights.BaseBlock, frame.Mandatory)
	})
	return ext, p
}

// acc returns the account that stands for the number n of the original's.
func acc(n byte) (a chain.AccountID) {
	a[0] = n
	return a
}

func repeat(b byte) hash.H256 { return hash.H256(bytes.Repeat([]byte{b}, 32)) }

func in(kind PhaseKind, index uint32, e frame.Event, topics ...hash.H256) EventRecord {
	return EventRecord{Phase{kind, index}, e.AppendEvent(nil), topics}
}

func ref(n uint64) frame.Weight { return frame.RefTime(n) }
func all(n uint64) frame.Weight { return frame.Weight{RefTime: n, ProofSize: n} }

// extIn runs a test of the original on a fresh state.
func extIn(s *vectors.Suite, name string, f func(v *vectors.Test, ext *native.Ext, p *Pallet)) {
	s.Test(name, func(v *vectors.Test) {
		ext, p := newExt(v.T)
		ext.Run(func() { f(v, ext, p) })
	})
}

// noop expects the error, and an unchanged state.
func noop(v *vectors.Test, f func() error, want error) {
	v.Helper()
	before := host.Root(1)
	v.Fails(f(), want)
	v.True(host.Root(1) == before, "the state is unchanged")
}

func TestVectors(t *testing.T) {
	s := vectors.New(t, "frame_system")

	s.Test("check_whitelist", func(v *vectors.Test) {
		_, p := newExt(v.T)
		for _, k := range []struct {
			key  []byte
			want string
		}{
			{p.Number.Key(), "26aa394eea5630e07c48ae0c9558cef702a5c1b19ab7a04f536c519aca4983ac"},
			{p.ExecutionPhase.Key(), "26aa394eea5630e07c48ae0c9558cef7ff553b5a9862a516939d82b3d3d8661a"},
			{p.EventCount.Key(), "26aa394eea5630e07c48ae0c9558cef70a98fdbe9ce6c55837576c60c7af3850"},
			{p.Events.Key(), "26aa394eea5630e07c48ae0c9558cef780d41e5e16056765bc8461851072c9d7"},
			{p.BlockWeight.Key(), "26aa394eea5630e07c48ae0c9558cef734abf5cb34d6244378cddbf18e849d96"},
		} {
			v.Equal(fmt.Sprintf("%x", k.key), k.want)
		}
	})

	extIn(s, "origin_works", func(v *vectors.Test, _ *native.Ext, _ *Pallet) {
		who, err := frame.SignedBy(acc(1)).Signed()
		v.Ok(err)
		v.Equal(who, acc(1))
	})

	extIn(s, "stored_map_works", func(v *vectors.Test, _ *native.Ext, p *Pallet) {
		SetNumber(1) // the original notes killed accounts by a hook; the event tells the same
		insert := func(n units.Rao) error {
			return TryMutateExists(acc(0), func(d *AccountData, _ bool) (bool, error) {
				d.Free = n
				return true, nil
			})
		}
		v.Equal(IncProviders(acc(0)), true)
		v.Ok(insert(42))
		v.Equal(IsProviderRequired(acc(0)), false)
		v.Equal(p.Account.Get(acc(0)), AccountInfo{Providers: 1, Data: AccountData{Free: 42, Flags: NewLogic}})
		v.Ok(IncConsumers(acc(0)))
		v.Equal(IsProviderRequired(acc(0)), true)
		v.Ok(insert(69))
		v.Equal(IsProviderRequired(acc(0)), true)
		DecConsumers(acc(0))
		v.Equal(IsProviderRequired(acc(0)), false)
		v.True(len(EventRecords()) == 1, "nobody was killed")
		v.Ok(TryMutateExists(acc(0), func(*AccountData, bool) (bool, error) { return false, nil }))
		v.Ok(DecProviders(acc(0)))
		v.Equal(EventRecords()[1], in(PhaseInitialization, 0, KilledAccount{acc(0)}))
	})

	extIn(s, "provider_ref_handover_to_self_sufficient_ref_works", func(v *vectors.Test, _ *native.Ext, _ *Pallet) {
		who := acc(0)
		v.Equal(IncProviders(who), true)
		IncAccountNonce(who)
		v.Equal(AccountNonce(who), uint32(1))
		v.Equal(IncSufficients(who), false)
		v.Equal(DecSufficients(who), false)
		v.Equal(AccountNonce(who), uint32(1))
		v.Equal(IncProviders(who), false)
		v.Ok(DecProviders(who))
		v.True(AccountExists(who), "the account exists")
		v.Equal(AccountNonce(who), uint32(1))
		v.Equal(IncSufficients(who), false)
		v.Ok(DecProviders(who))
		v.True(AccountExists(who), "the account exists")
		v.Equal(AccountNonce(who), uint32(1))
		v.Equal(DecSufficients(who), true)
		v.Equal(AccountNonce(who), uint32(0))
	})

	extIn(s, "dec_sufficients_does_not_undeflow", func(v *vectors.Test, _ *native.Ext, _ *Pallet) {
		v.Equal(IncProviders(acc(0)), true)
		v.Equal(DecSufficients(acc(0)), false)
	})

	extIn(s, "self_sufficient_ref_handover_to_provider_ref_works", func(v *vectors.Test, _ *native.Ext, _ *Pallet) {
		who := acc(0)
		v.Equal(IncSufficients(who), true)
		IncAccountNonce(who)
		v.Equal(AccountNonce(who), uint32(1))
		v.Equal(IncProviders(who), false)
		v.Ok(DecProviders(who))
		v.True(AccountExists(who), "the account exists")
		v.Equal(AccountNonce(who), uint32(1))
		v.Equal(IncSufficients(who), false)
		v.Equal(DecSufficients(who), false)
		v.Equal(AccountNonce(who), uint32(1))
		v.Equal(IncProviders(who), false)
		v.Equal(DecSufficients(who), false)
		v.Equal(AccountNonce(who), uint32(1))
		v.Ok(DecProviders(who))
		v.True(!AccountExists(who), "the account is gone")
		v.Equal(AccountNonce(who), uint32(0))
	})

	extIn(s, "sufficient_cannot_support_consumer", func(v *vectors.Test, _ *native.Ext, _ *Pallet) {
		who := acc(0)
		v.Equal(IncSufficients(who), true)
		IncAccountNonce(who)
		v.Equal(AccountNonce(who), uint32(1))
		noop(v, func() error { return IncConsumers(who) }, frame.NoProviders)
		v.Equal(IncProviders(who), false)
		v.Ok(IncConsumers(who))
		noop(v, func() error { return DecProviders(who) }, frame.ConsumerRemaining)
	})

	extIn(s, "provider_required_to_support_consumer", func(v *vectors.Test, _ *native.Ext, _ *Pallet) {
		who := acc(0)
		noop(v, func() error { return IncConsumers(who) }, frame.NoProviders)
		v.Equal(IncProviders(who), true)
		IncAccountNonce(who)
		v.Equal(AccountNonce(who), uint32(1))
		v.Equal(IncProviders(who), false)
		v.Ok(DecProviders(who))
		v.True(AccountExists(who), "the account exists")
		v.Equal(AccountNonce(who), uint32(1))
		v.Ok(IncConsumers(who))
		noop(v, func() error { return DecProviders(who) }, frame.ConsumerRemaining)
		DecConsumers(who)
		v.Ok(DecProviders(who))
		v.True(!AccountExists(who), "the account is gone")
		v.Equal(AccountNonce(who), uint32(0))
	})

	extIn(s, "deposit_event_should_work", func(v *vectors.Test, _ *native.Ext, _ *Pallet) {
		ResetEvents()
		Initialize(1, hash.H256{}, nil)
		NoteFinishedExtrinsics()
		Deposit(CodeUpdated{})
		Finalize()
		v.Equal(EventRecords(), []EventRecord{in(PhaseFinalization, 0, CodeUpdated{})})

		base := Weights().PerClass.Normal.BaseExtrinsic
		ResetEvents()
		Initialize(2, hash.H256{}, nil)
		Deposit(NewAccount{acc(32)})
		NoteFinishedInitialize()
		Deposit(KilledAccount{acc(42)})
		NoteAppliedExtrinsic(frame.PostInfo{}, nil, frame.DispatchInfo{})
		NoteAppliedExtrinsic(frame.PostInfo{}, frame.BadOrigin, frame.DispatchInfo{})
		NoteFinishedExtrinsics()
		Deposit(NewAccount{acc(3)})
		Finalize()
		info := DispatchEventInfo{Weight: base}
		v.Equal(EventRecords(), []EventRecord{
			in(PhaseInitialization, 0, NewAccount{acc(32)}),
			in(PhaseApplyExtrinsic, 0, KilledAccount{acc(42)}),
			in(PhaseApplyExtrinsic, 0, ExtrinsicSuccess{info}),
			in(PhaseApplyExtrinsic, 1, ExtrinsicFailed{frame.BadOrigin, info}),
			in(PhaseFinalization, 0, NewAccount{acc(3)}),
		})
	})

	extIn(s, "deposit_event_uses_actual_weight_and_pays_fee", func(v *vectors.Test, _ *native.Ext, _ *Pallet) {
		ResetEvents()
		Initialize(1, hash.H256{}, nil)
		NoteFinishedInitialize()
		normal, operational := Weights().PerClass.Normal.BaseExtrinsic, Weights().PerClass.Operational.BaseExtrinsic
		v.True(normal != operational, "the classes' base weights differ")
		info := frame.DispatchInfo{Call: ref(1000)}
		used := func(w frame.Weight, pays frame.Pays) frame.PostInfo {
			return frame.PostInfo{Actual: w, HasActual: true, Pays: pays}
		}
		cases := []struct {
			post frame.PostInfo
			err  error
			info frame.DispatchInfo
			want DispatchEventInfo
		}{
			{used(all(300), frame.Yes), nil, info, DispatchEventInfo{Weight: ref(300).Add(normal)}},
			{used(all(1000), frame.Yes), nil, info, DispatchEventInfo{Weight: ref(1000).Add(normal)}},
			{used(all(1200), frame.Yes), nil, info, DispatchEventInfo{Weight: ref(1000).Add(normal)}},
			{used(all(2_500_000), frame.Yes), nil, info, DispatchEventInfo{Weight: ref(1000).Add(normal)}},
			{frame.PostInfo{Pays: frame.No}, nil, info, DispatchEventInfo{Weight: ref(1000).Add(normal), PaysFee: frame.No}},
			{used(all(2_500_000), frame.No), nil, info, DispatchEventInfo{Weight: ref(1000).Add(normal), PaysFee: frame.No}},
			{used(all(500), frame.No), nil, info, DispatchEventInfo{Weight: ref(500).Add(normal), PaysFee: frame.No}},
			{used(ref(999), frame.Yes), frame.BadOrigin, info, DispatchEventInfo{Weight: ref(999).Add(normal)}},
			{frame.PostInfo{}, frame.BadOrigin, info, DispatchEventInfo{Weight: ref(1000).Add(normal)}},
			{used(ref(800), frame.Yes), frame.BadOrigin, info, DispatchEventInfo{Weight: ref(800).Add(normal)}},
			{used(ref(800), frame.No), frame.BadOrigin, info, DispatchEventInfo{Weight: ref(800).Add(normal), PaysFee: frame.No}},
			{
				used(all(300), frame.Yes), nil, frame.DispatchInfo{Call: ref(1000), Class: frame.Operational},
				DispatchEventInfo{Weight: ref(300).Add(operational), Class: frame.Operational},
			},
		}
		for _, c := range cases {
			NoteAppliedExtrinsic(c.post, c.err, c.info)
		}
		got := EventRecords()
		for i, c := range cases {
			var event frame.Event = ExtrinsicSuccess{c.want}
			if c.err != nil {
				event = ExtrinsicFailed{frame.BadOrigin, c.want}
			}
			v.Equal(got[i], in(PhaseApplyExtrinsic, uint32(i), event))
		}
	})

	extIn(s, "deposit_event_topics", func(v *vectors.Test, _ *native.Ext, p *Pallet) {
		ResetEvents()
		Initialize(1, hash.H256{}, nil)
		NoteFinishedExtrinsics()
		topics := []hash.H256{repeat(1), repeat(2), repeat(3)}
		DepositIndexed(topics[0:3], NewAccount{acc(1)})
		DepositIndexed(topics[0:1], NewAccount{acc(2)})
		DepositIndexed(topics[1:2], NewAccount{acc(3)})
		Finalize()
		v.Equal(EventRecords(), []EventRecord{
			in(PhaseFinalization, 0, NewAccount{acc(1)}, topics[0:3]...),
			in(PhaseFinalization, 0, NewAccount{acc(2)}, topics[0:1]...),
			in(PhaseFinalization, 0, NewAccount{acc(3)}, topics[1:2]...),
		})
		v.Equal(p.EventTopics.Get(topics[0]), []EventPlace{{A: 1, B: 0}, {A: 1, B: 1}})
		v.Equal(p.EventTopics.Get(topics[1]), []EventPlace{{A: 1, B: 0}, {A: 1, B: 2}})
		v.Equal(p.EventTopics.Get(topics[2]), []EventPlace{{A: 1, B: 0}})
	})

	extIn(s, "event_util_functions_should_work", func(v *vectors.Test, _ *native.Ext, _ *Pallet) {
		SetNumber(1)
		Deposit(CodeUpdated{})
		v.Equal(EventRecords(), []EventRecord{in(PhaseInitialization, 0, CodeUpdated{})})
	})

	extIn(s, "prunes_block_hash_mappings", func(v *vectors.Test, _ *native.Ext, _ *Pallet) {
		for n := 1; n <= 15; n++ {
			ResetEvents()
			Initialize(chain.BlockNumber(n), repeat(byte(n-1)), nil)
			Finalize()
		}
		for n := range 5 {
			v.Equal(BlockHash(chain.BlockNumber(n)), hash.H256{})
		}
		for n := 5; n < 15; n++ {
			v.Equal(BlockHash(chain.BlockNumber(n)), repeat(byte(n)))
		}
	})

	s.Test("set_code_checks_works", func(v *vectors.Test) {
		for _, c := range []struct {
			name       string
			spec, impl uint32
			want       error
		}{
			{"test", 1, 2, SpecVersionNeedsToIncrease},
			{"test", 1, 1, SpecVersionNeedsToIncrease},
			{"test2", 1, 1, InvalidSpecName},
			{"test", 2, 1, nil},
			{"test", 0, 1, SpecVersionNeedsToIncrease},
			{"test", 1, 0, SpecVersionNeedsToIncrease},
		} {
			ext, p := newExt(v.T)
			ext.Run(func() {
				post, err := p.SetCode(frame.Root(), codeOf(c.name, c.spec, c.impl))
				v.Equal(CurrentDigest(), updates(err == nil))
				if c.want != nil {
					v.Fails(err, c.want)
				} else {
					v.Equal(post, frame.Used(p.BlockWeights.MaxBlock))
				}
			})
		}
	})

	extIn(s, "set_code_with_real_wasm_blob", func(v *vectors.Test, _ *native.Ext, p *Pallet) {
		SetNumber(1)
		_, err := p.SetCode(frame.Root(), codeOf("test", 2, 1))
		v.Ok(err)
		v.Equal(EventRecords(), []EventRecord{in(PhaseInitialization, 0, CodeUpdated{})})
	})

	extIn(s, "set_code_rejects_during_mbm", func(v *vectors.Test, _ *native.Ext, p *Pallet) {
		p.Migrator = &mockMigrator{true}
		SetNumber(1)
		_, err := p.SetCode(frame.Root(), codeOf("test", 2, 1))
		v.Fails(err, MultiBlockMigrationsOngoing)
		v.True(len(EventRecords()) == 0, "there are no events")
	})

	extIn(s, "set_code_via_authorization_works", func(v *vectors.Test, _ *native.Ext, p *Pallet) {
		SetNumber(1)
		v.True(!p.AuthorizedUpgrade.Exists(), "nothing is authorized")
		code := codeOf("test", 2, 1)
		codeHash := hash.Blake2b256(code)
		apply := func(code []byte) error {
			_, err := p.ApplyAuthorizedUpgrade(frame.None(), code)
			return err
		}
		noop(v, func() error { return apply(code) }, NothingAuthorized)
		v.Ok(p.AuthorizeUpgrade(frame.Root(), codeHash))
		v.Equal(EventRecords(), []EventRecord{in(PhaseInitialization, 0, UpgradeAuthorized{codeHash, true})})
		authorized, _ := p.AuthorizedUpgrade.Get()
		v.Equal(authorized.CodeHash, codeHash)
		noop(v, func() error { return apply(append(bytes.Clone(code), "sneaky"...)) }, Unauthorized)
		v.Ok(apply(code))
		v.Equal(EventRecords()[1], in(PhaseInitialization, 0, CodeUpdated{}))
		v.True(!p.AuthorizedUpgrade.Exists(), "nothing is authorized any more")
	})

	extIn(s, "runtime_upgraded_with_set_storage", func(v *vectors.Test, _ *native.Ext, p *Pallet) {
		code := codeOf("test", 2, 1)
		v.Ok(p.SetStorage(frame.Root(), []KeyValue{{A: []byte(":code"), B: code}}))
		got, _ := host.Get([]byte(":code"))
		v.Equal(got, code)
	})

	extIn(s, "events_not_emitted_during_genesis", func(v *vectors.Test, _ *native.Ext, p *Pallet) {
		v.Equal(Number(), chain.BlockNumber(0))
		IncProviders(acc(1))
		v.True(!p.Events.Exists(), "genesis has no events")
		SetNumber(1)
		IncProviders(acc(2))
		v.Equal(len(EventRecords()), 1)
	})

	extIn(s, "extrinsics_root_is_calculated_correctly", func(v *vectors.Test, _ *native.Ext, _ *Pallet) {
		ResetEvents()
		Initialize(1, hash.H256{}, nil)
		NoteFinishedInitialize()
		NoteExtrinsic([]byte{1})
		NoteAppliedExtrinsic(frame.PostInfo{}, nil, frame.DispatchInfo{})
		NoteExtrinsic([]byte{2})
		NoteAppliedExtrinsic(frame.PostInfo{}, frame.BadOrigin, frame.DispatchInfo{})
		NoteFinishedExtrinsics()
		v.Equal([32]byte(Finalize().ExtrinsicsRoot), host.OrderedRoot([]byte{8, 4, 1, 4, 2}, 0))
	})

	extIn(s, "runtime_updated_digest_emitted_when_heap_pages_changed", func(v *vectors.Test, _ *native.Ext, p *Pallet) {
		ResetEvents()
		Initialize(1, hash.H256{}, nil)
		v.Ok(p.SetHeapPages(frame.Root(), 5))
		v.Equal(CurrentDigest(), updates(true))
	})

	extIn(s, "ensure_signed_stuff_works", func(v *vectors.Test, _ *native.Ext, _ *Pallet) {
		_, err := frame.SignedBy(acc(0)).Signed()
		v.Ok(err)
	})

	extIn(s, "extrinsic_weight_refunded_is_cleaned", func(v *vectors.Test, _ *native.Ext, p *Pallet) {
		for _, err := range []error{nil, frame.BadOrigin} {
			p.ExtrinsicWeightReclaimed.Put(frame.Weight{RefTime: 1, ProofSize: 2})
			v.Equal(p.ExtrinsicWeightReclaimed.Get(), frame.Weight{RefTime: 1, ProofSize: 2})
			NoteAppliedExtrinsic(frame.PostInfo{}, err, frame.DispatchInfo{})
			v.Equal(p.ExtrinsicWeightReclaimed.Get(), frame.Weight{})
		}
	})

	extIn(s, "reclaim_works", func(v *vectors.Test, _ *native.Ext, p *Pallet) {
		info := frame.DispatchInfo{Call: frame.Weight{RefTime: 100, ProofSize: 200}}
		for _, c := range []struct{ actual, want frame.Weight }{
			{frame.Weight{RefTime: 50, ProofSize: 100}, frame.Weight{RefTime: 50, ProofSize: 100}},
			{frame.Weight{RefTime: 25, ProofSize: 200}, frame.Weight{RefTime: 75, ProofSize: 100}},
			{frame.Weight{RefTime: 300, ProofSize: 50}, frame.Weight{RefTime: 75, ProofSize: 150}},
			{frame.Weight{RefTime: 300, ProofSize: 300}, frame.Weight{RefTime: 75, ProofSize: 150}},
		} {
			ReclaimWeight(info, frame.Used(c.actual))
			v.Equal(p.ExtrinsicWeightReclaimed.Get(), c.want)
		}
		NoteAppliedExtrinsic(frame.PostInfo{}, nil, frame.DispatchInfo{})
		v.Equal(p.ExtrinsicWeightReclaimed.Get(), frame.Weight{})
	})

	extensionVectors(s)

	s.Omit("unique_datum_works", "nothing asks the pallet for unique data, so it has no function for it; that :intrablock_entropy comes and goes TestBlock shows")
	s.Omit("test_default_account_nonce", "the runtime's nonces start at 0")
	s.Omit("last_runtime_upgrade_spec_version_usage", "states no expectation")
	s.Omit("offchain.rs, migrations, authorize_call.rs, weight_reclaim.rs", "not part of Subtensor's runtime")
	s.Done()
}

// updates are the items of a digest to which a change of code adds one.
func updates(one bool) chain.Digest {
	if !one {
		return nil
	}
	return chain.Digest{{Kind: chain.DigestRuntimeEnvironmentUpdated}}
}

// codeOf returns a module that has nothing but its version.
func codeOf(name string, spec, impl uint32) []byte {
	version, apis := chain.RuntimeVersion{SpecName: name, SpecVersion: spec, ImplVersion: impl}.EmbeddedSections()
	code := []byte("\x00asm\x01\x00\x00\x00")
	for _, section := range []struct {
		name string
		data []byte
	}{{"runtime_version", version}, {"runtime_apis", apis}} {
		body := append(append([]byte{byte(len(section.name))}, section.name...), section.data...)
		code = append(append(code, 0, byte(len(body))), body...)
	}
	return code
}

func extensionVectors(s *vectors.Suite) {
	tx := func(info frame.DispatchInfo, length int) *frame.Tx {
		return &frame.Tx{Origin: frame.SignedBy(acc(1)), Call: &SetHeapPagesCall{}, Info: info, Len: length, Source: frame.External}
	}
	signer := func(who chain.AccountID, source frame.Source) *frame.Tx {
		return &frame.Tx{Origin: frame.SignedBy(who), Call: &SetHeapPagesCall{}, Source: source}
	}

	extIn(s, "check_mortality::signed_ext_check_era_should_work", func(v *vectors.Test, _ *native.Ext, p *Pallet) {
		_, err := (&CheckMortality{Era: chain.MortalEra(4, 2)}).AppendImplicit(nil)
		v.Fails(err, frame.InvalidAncientBirthBlock)
		SetNumber(13)
		p.BlockHash.Put(12, repeat(1))
		_, err = (&CheckMortality{Era: chain.MortalEra(4, 12)}).AppendImplicit(nil)
		v.Ok(err)
	})
	extIn(s, "check_mortality::signed_ext_check_era_should_change_longevity", func(v *vectors.Test, _ *native.Ext, p *Pallet) {
		SetNumber(17)
		p.BlockHash.Put(16, repeat(1))
		t := tx(frame.DispatchInfo{Call: ref(100)}, 0)
		a, err := new(CheckWeight).Validate(t)
		v.Ok(err)
		b, err := (&CheckMortality{Era: chain.MortalEra(16, 256)}).Validate(t)
		v.Ok(err)
		v.Equal(a.Combine(b).Longevity, uint64(15))
	})

	extIn(s, "check_non_zero_sender::zero_account_ban_works", func(v *vectors.Test, _ *native.Ext, _ *Pallet) {
		_, err := CheckNonZeroSender{}.Validate(signer(acc(0), frame.External))
		v.Fails(err, frame.InvalidBadSigner)
		_, err = CheckNonZeroSender{}.Validate(signer(acc(1), frame.External))
		v.Ok(err)
	})
	extIn(s, "check_non_zero_sender::unsigned_origin_works", func(v *vectors.Test, _ *native.Ext, _ *Pallet) {
		t := &frame.Tx{Origin: frame.None()}
		_, err := CheckNonZeroSender{}.Validate(t)
		v.Ok(err)
		v.Ok(t.Origin.None())
	})

	// nonce runs the extension as a block does.
	nonce := func(n uint32, t *frame.Tx) error {
		c := &CheckNonce{Nonce: n}
		if _, err := c.Validate(t); err != nil {
			return err
		}
		return c.Prepare(t)
	}
	valid := func(n uint32, who chain.AccountID) error {
		_, err := (&CheckNonce{Nonce: n}).Validate(signer(who, frame.External))
		return err
	}
	extIn(s, "check_nonce::signed_ext_check_nonce_works", func(v *vectors.Test, _ *native.Ext, p *Pallet) {
		p.Account.Put(acc(1), AccountInfo{Nonce: 1, Providers: 1})
		noop(v, func() error { return valid(0, acc(1)) }, frame.InvalidStale)
		noop(v, func() error { return nonce(0, signer(acc(1), frame.InBlock)) }, frame.InvalidStale)
		v.Ok(valid(1, acc(1)))
		v.Ok(nonce(1, signer(acc(1), frame.InBlock)))
		v.Ok(valid(5, acc(1)))
		v.Fails(nonce(5, signer(acc(1), frame.InBlock)), frame.InvalidFuture)
	})
	extIn(s, "check_nonce::signed_ext_check_nonce_requires_provider", func(v *vectors.Test, _ *native.Ext, p *Pallet) {
		p.Account.Put(acc(2), AccountInfo{Nonce: 1, Providers: 1})
		p.Account.Put(acc(3), AccountInfo{Nonce: 1, Sufficients: 1})
		noop(v, func() error { return valid(1, acc(1)) }, frame.InvalidPayment)
		noop(v, func() error { return nonce(1, signer(acc(1), frame.InBlock)) }, frame.InvalidPayment)
		v.Ok(valid(1, acc(2)))
		v.Ok(nonce(1, signer(acc(2), frame.InBlock)))
		v.Ok(valid(1, acc(3)))
		v.Ok(nonce(1, signer(acc(3), frame.InBlock)))
	})
	extIn(s, "check_nonce::unsigned_check_nonce_works", func(v *vectors.Test, _ *native.Ext, _ *Pallet) {
		t := &frame.Tx{Origin: frame.None()}
		v.Ok(nonce(1, t))
		v.Ok(t.Origin.None())
	})
	extIn(s, "check_nonce::check_nonce_preserves_account_data", func(v *vectors.Test, _ *native.Ext, p *Pallet) {
		p.Account.Put(acc(1), AccountInfo{Nonce: 1, Providers: 1})
		c, t := &CheckNonce{Nonce: 1}, signer(acc(1), frame.External)
		_, err := c.Validate(t)
		v.Ok(err)
		p.Account.Mutate(acc(1), func(a *AccountInfo) { a.Data.Free = 42 })
		v.Ok(c.Prepare(t))
		v.Equal(p.Account.Get(acc(1)), AccountInfo{Nonce: 2, Providers: 1, Data: AccountData{Free: 42}})
	})
	s.Omit("check_nonce::check_nonce_skipped_and_refund_for_other_origins", "Subtensor's nonce check weighs nothing, so there is nothing to refund")

	// weigh runs the extension as a block does.
	weigh := func(info frame.DispatchInfo, length int) error {
		c, t := new(CheckWeight), tx(info, length)
		if _, err := c.Validate(t); err != nil {
			return err
		}
		return c.Prepare(t)
	}
	fits := func(info frame.DispatchInfo, length int) error {
		_, err := new(CheckWeight).Validate(tx(info, length))
		return err
	}
	// prepare counts the extrinsic without asking whether one may be as heavy.
	prepare := func(info frame.DispatchInfo) error { return new(CheckWeight).Prepare(tx(info, 0)) }
	total := func() frame.Weight {
		w := BlockWeight()
		return w.Total()
	}
	class := func(w frame.Weight, c frame.Class) frame.DispatchInfo { return frame.DispatchInfo{Call: w, Class: c} }

	extIn(s, "check_weight::mandatory_extrinsic_doesnt_care_about_limits", func(v *vectors.Test, _ *native.Ext, _ *Pallet) {
		v.Ok(fits(class(frame.MaxWeight, frame.Mandatory), 0))
		v.Ok(weigh(class(frame.MaxWeight, frame.Mandatory), 0))
		v.Equal(total(), frame.MaxWeight)
		v.True(total().RefTime > Weights().MaxBlock.RefTime, "the block is heavier than its limit")
	})
	extIn(s, "check_weight::normal_extrinsic_limited_by_maximum_extrinsic_weight", func(v *vectors.Test, _ *native.Ext, _ *Pallet) {
		v.Fails(fits(class(Weights().PerClass.Normal.MaxExtrinsic.Add(ref(1)), frame.Normal), 0), frame.InvalidExhaustsResources)
	})
	extIn(s, "check_weight::operational_extrinsic_limited_by_operational_space_limit", func(v *vectors.Test, _ *native.Ext, _ *Pallet) {
		limits := Weights().PerClass.Operational
		most := limits.MaxTotal.Sub(limits.BaseExtrinsic)
		valid, err := new(CheckWeight).Validate(tx(class(most, frame.Operational), 0))
		v.Ok(err)
		v.Equal(valid, frame.DefaultValid())
		v.Fails(fits(class(most.Add(ref(1)), frame.Operational), 0), frame.InvalidExhaustsResources)
	})
	extIn(s, "check_weight::register_extra_weight_unchecked_doesnt_care_about_limits", func(v *vectors.Test, _ *native.Ext, _ *Pallet) {
		RegisterExtraWeightUnchecked(frame.MaxWeight, frame.Normal)
		v.Equal(total(), frame.MaxWeight)
		v.True(total().RefTime > Weights().MaxBlock.RefTime, "the block is heavier than its limit")
	})
	maxNormal, restOperational := class(ref(753), frame.Normal), class(ref(246), frame.Operational)
	extIn(s, "check_weight::full_block_with_normal_and_operational", func(v *vectors.Test, _ *native.Ext, _ *Pallet) {
		v.Ok(prepare(maxNormal))
		v.Equal(total(), ref(768))
		v.Ok(prepare(restOperational))
		v.Equal(Weights().MaxBlock, frame.Weight{RefTime: 1024, ProofSize: 1<<64 - 1})
		v.Equal(total(), ref(1024))
		v.Ok(fits(restOperational, 0))
	})
	extIn(s, "check_weight::dispatch_order_does_not_effect_weight_logic", func(v *vectors.Test, _ *native.Ext, _ *Pallet) {
		v.Ok(prepare(restOperational))
		v.Equal(total(), ref(266))
		v.Ok(prepare(maxNormal))
		v.Equal(total(), ref(1024))
	})
	extIn(s, "check_weight::operational_works_on_full_block", func(v *vectors.Test, _ *native.Ext, _ *Pallet) {
		RegisterExtraWeightUnchecked(frame.MaxWeight, frame.Mandatory)
		v.Fails(prepare(class(ref(251), frame.Normal)), frame.InvalidExhaustsResources)
		v.Ok(prepare(restOperational))
		v.Fails(prepare(restOperational), frame.InvalidExhaustsResources)
		v.Ok(fits(restOperational, 0))
	})
	extIn(s, "check_weight::signed_ext_check_weight_works_operational_tx", func(v *vectors.Test, _ *native.Ext, p *Pallet) {
		normal, operational := class(ref(100), frame.Normal), class(ref(100), frame.Operational)
		p.BlockWeight.Mutate(func(w *ConsumedWeight) { w.Normal = *Weights().PerClass.Normal.MaxTotal })
		v.Fails(weigh(normal, 0), frame.InvalidExhaustsResources)
		v.Ok(weigh(operational, 0))
		p.AllExtrinsicsLen.Put(p.BlockLength.Max.Normal)
		v.Fails(weigh(normal, 100), frame.InvalidExhaustsResources)
		v.Ok(weigh(operational, 100))
	})
	extIn(s, "check_weight::signed_ext_check_weight_block_size_works", func(v *vectors.Test, _ *native.Ext, p *Pallet) {
		limit := int(Weights().PerClass.Normal.MaxTotal.RefTime)
		for _, c := range []struct {
			class  frame.Class
			length int
			fails  bool
		}{
			{frame.Normal, limit - 1, false},
			{frame.Normal, limit, false},
			{frame.Normal, limit + 1, true},
			{frame.Operational, limit, false},
			{frame.Operational, limit + 100, false},
			{frame.Operational, 1024, false},
			{frame.Operational, 1025, true},
		} {
			p.AllExtrinsicsLen.Put(0)
			v.Equal(weigh(class(frame.Weight{}, c.class), c.length) != nil, c.fails)
		}
	})
	extIn(s, "check_weight::signed_ext_check_weight_works_normal_tx", func(v *vectors.Test, _ *native.Ext, p *Pallet) {
		medium := Weights().PerClass.Normal.MaxTotal.Sub(Weights().PerClass.Normal.BaseExtrinsic)
		for _, c := range []struct {
			call  frame.Weight
			used  frame.Weight
			fails bool
		}{
			{ref(100), frame.Weight{}, false},
			{medium, frame.Weight{}, false},
			{medium.Add(ref(1)), ref(1), true},
		} {
			p.BlockWeight.Mutate(func(w *ConsumedWeight) { w.Normal = c.used })
			v.Equal(weigh(class(c.call, frame.Normal), 0) != nil, c.fails)
		}
	})

	// settle weighs a normal call of 512 in a block that has used before, changes the state, and settles with what it really cost.
	settle := func(v *vectors.Test, p *Pallet, before, actual frame.Weight, change func()) {
		p.BlockWeight.Put(ConsumedWeight{Normal: before})
		c, t := new(CheckWeight), tx(class(ref(512), frame.Normal), 0)
		_, err := c.Validate(t)
		v.Ok(err)
		v.Ok(c.Prepare(t))
		v.Equal(total(), ref(512).Add(before).Add(Weights().PerClass.Normal.BaseExtrinsic))
		change()
		post := frame.Used(actual)
		v.Ok(c.PostDispatch(t, &post, nil))
	}
	reclaimed := func(p *Pallet, w frame.Weight) func() {
		return func() {
			p.BlockWeight.Mutate(func(used *ConsumedWeight) { used.Normal = used.Normal.Sub(w) })
			p.ExtrinsicWeightReclaimed.Put(w)
		}
	}
	extIn(s, "check_weight::signed_ext_check_weight_refund_works", func(v *vectors.Test, _ *native.Ext, p *Pallet) {
		settle(v, p, ref(256-5), ref(128), func() {})
		v.Equal(total(), ref(128+256))
	})
	extIn(s, "check_weight::signed_ext_check_weight_actual_weight_higher_than_max_is_capped", func(v *vectors.Test, _ *native.Ext, p *Pallet) {
		settle(v, p, ref(128), ref(700), func() {})
		v.Equal(total(), ref(512+128+5))
	})
	extIn(s, "check_weight::extrinsic_already_refunded_more_precisely", func(v *vectors.Test, _ *native.Ext, p *Pallet) {
		settle(v, p, ref(64), ref(128), reclaimed(p, ref(510)))
		v.Equal(p.ExtrinsicWeightReclaimed.Get(), ref(510))
		v.Equal(total(), ref(512-510+64+5))
	})
	extIn(s, "check_weight::extrinsic_already_refunded_less_precisely", func(v *vectors.Test, _ *native.Ext, p *Pallet) {
		settle(v, p, ref(64), ref(128), reclaimed(p, ref(110)))
		v.Equal(p.ExtrinsicWeightReclaimed.Get(), ref(512-128))
		v.Equal(total(), ref(128+64+5))
	})
	extIn(s, "check_weight::zero_weight_extrinsic_still_has_base_weight", func(v *vectors.Test, _ *native.Ext, _ *Pallet) {
		v.Equal(total(), Weights().BaseBlock)
		v.Ok(weigh(class(frame.Weight{}, frame.Normal), 0))
		v.Equal(total(), Weights().PerClass.Normal.BaseExtrinsic.Add(Weights().BaseBlock))
	})
	extIn(s, "check_weight::normal_and_mandatory_tracked_separately", func(v *vectors.Test, _ *native.Ext, _ *Pallet) {
		mandatory := class(ref(1019), frame.Mandatory)
		v.Ok(prepare(maxNormal))
		v.Equal(total(), ref(768))
		v.Ok(prepare(mandatory))
		v.Equal(total(), ref(1024+768))
		v.Ok(fits(mandatory, 0))
	})
	s.Test("check_weight::no_max_total_should_still_be_limited_by_max_block", func(v *vectors.Test) {
		most, reserved := frame.Weight{RefTime: 20, ProofSize: 1<<64 - 1}, frame.Weight{RefTime: 5, ProofSize: 1<<64 - 1}
		limits := BlockWeights{MaxBlock: most, PerClass: WeightsPerClasses{
			Normal: WeightsPerClass{MaxTotal: &most, Reserved: &frame.Weight{}}, Operational: WeightsPerClass{MaxTotal: &most, Reserved: &frame.Weight{}},
			Mandatory: WeightsPerClass{Reserved: &reserved},
		}}
		used := ConsumedWeight{Normal: ref(10), Operational: ref(10)}
		v.Equal(used.Total().RefTime, limits.MaxBlock.RefTime)
		five, six := class(ref(5), frame.Mandatory), class(ref(6), frame.Mandatory)
		_, ok := addWeight(&limits, used, &five, 0)
		v.True(ok, "it fits the reserve")
		_, ok = addWeight(&limits, used, &six, 0)
		v.True(!ok, "it does not fit the reserve")
	})
	s.Test("check_weight::proof_size_includes_length", func(v *vectors.Test) {
		most := frame.Weight{RefTime: 20, ProofSize: 1000}
		one := WeightsPerClass{MaxTotal: &most}
		limits := BlockWeights{MaxBlock: most, PerClass: WeightsPerClasses{one, one, one}}
		limits.PerClass.Normal.Reserved, limits.PerClass.Operational.Reserved = &frame.Weight{}, &frame.Weight{}
		before := ConsumedWeight{Normal: ref(5), Operational: ref(5)}
		for _, length := range []int{0, 100} {
			for _, c := range []frame.Class{frame.Normal, frame.Mandatory} {
				info := class(ref(5), c)
				used, ok := addWeight(&limits, before, &info, length)
				v.True(ok, "it fits")
				v.Equal(used.Total().Sub(before.Total()), frame.Weight{RefTime: 5, ProofSize: uint64(length)})
			}
		}
		for _, c := range []frame.Class{frame.Normal, frame.Mandatory} {
			info := class(ref(5), c)
			_, ok := addWeight(&limits, before, &info, 2000)
			v.True(!ok, "too long for the block")
		}
	})

	s.Test("metadata_hash::rejects_when_no_metadata_hash_was_passed", func(v *vectors.Test) {
		c := new(CheckMetadataHash)
		d := scale.NewDecoder([]byte{1})
		c.Decode(d)
		v.Ok(d.Finish())
		_, err := c.AppendImplicit(nil)
		v.Fails(err, frame.UnknownCannotLookup)
	})
	s.Test("metadata_hash::rejects_unknown_mode", func(v *vectors.Test) {
		d := scale.NewDecoder([]byte{50})
		new(CheckMetadataHash).Decode(d)
		v.True(d.Err() != nil, "mode 50 does not decode")
	})
	s.Test("limits::default_weights_are_valid", func(v *vectors.Test) {
		w := SensibleBlockWeights(frame.Weight{RefTime: 1_000_000_000_000, ProofSize: 1<<64 - 1}, 75)
		v.Ok(w.Validate())
	})
}
