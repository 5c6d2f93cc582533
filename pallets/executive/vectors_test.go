package executive

import (
	"fmt"
	"strings"
	"testing"

	"github.com/gotensor/gotensor/internal/vectors"
	"github.com/gotensor/gotensor/pallets/frame"
	"github.com/gotensor/gotensor/pallets/frame/host"
	"github.com/gotensor/gotensor/pallets/system"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
)

// refused expects a block to be refused with a text that says why.
func refused(v *vectors.Test, err error, why string) {
	v.Helper()
	v.True(err != nil && strings.Contains(err.Error(), why), fmt.Sprintf("refused with %q, got %v", why, err))
}

var success = result{}

func fails(err frame.DispatchError) result { return result{outcome: frame.OutcomeOf(err)} }
func invalid(err error) result             { return result{invalid: err} }

func total() frame.Weight {
	w := system.BlockWeight()
	return w.Total()
}

// The expectations of frame-executive 41.0.0 (paritytech/polkadot-sdk at polkadot-stable2506): substrate/frame/executive/src/tests.rs.
func TestVectors(t *testing.T) {
	s := vectors.New(t, "frame_executive")
	// in runs a test in a world of its own, outside of the runtime; inside is the same inside.
	in := func(name string, f func(v *vectors.Test, w *world)) {
		s.Test(name, func(v *vectors.Test) { f(v, newWorld(v.T)) })
	}
	inside := func(name string, f func(v *vectors.Test, w *world)) {
		in(name, func(v *vectors.Test, w *world) { w.Run(func() { f(v, w) }) })
	}

	in("block_import_works", func(v *vectors.Test, w *world) {
		h := w.buildHeader()
		v.Equal(fmt.Sprintf("%x", h.ExtrinsicsRoot[:]), "03170a2e7597b7b7e3d84c05391d139a62b157e78786d8c082f29dcf4c111314")
		v.Ok(w.execute(encode(h)))
	})
	in("block_import_of_bad_state_root_fails", func(v *vectors.Test, w *world) {
		h := w.buildHeader()
		h.StateRoot = hash.H256{}
		refused(v, w.execute(encode(h)), "state root")
	})
	in("block_import_of_bad_extrinsic_root_fails", func(v *vectors.Test, w *world) {
		h := w.buildHeader()
		h.ExtrinsicsRoot = hash.H256{}
		refused(v, w.execute(encode(h)), "extrinsics root")
	})
	inside("bad_extrinsic_not_inserted", func(v *vectors.Test, w *world) {
		w.InitializeBlock(header(1))
		v.Equal(w.apply(w.signed(alice, w.call(w.custom, someFunction), terms{nonce: 30})), invalid(frame.InvalidFuture))
		index, ok := system.ExtrinsicIndex()
		v.Equal(index, uint32(0))
		v.True(ok, "there is an index")
	})
	// extrinsicWeight is what a signed call of 25,000 weighs, its length aside.
	extrinsicWeight := func(w *world) frame.Weight {
		sum := frame.RefTime(25_000 + 5_000)
		for _, x := range w.Executive.extensions {
			sum = sum.Add(x.Weight(nil))
		}
		return sum
	}
	inside("block_weight_limit_enforced", func(v *vectors.Test, w *world) {
		base, each := frame.RefTime(175_000+10_000), extrinsicWeight(w)
		limit := w.sys.BlockWeights.PerClass.Normal.MaxTotal.Sub(base)
		n := uint32(limit.RefTime / each.RefTime)
		v.True(n > 2, "some extrinsics fit")
		w.InitializeBlock(header(1))
		v.Equal(total(), base)
		length := uint64(0)
		for nonce := range n + 1 {
			xt := w.signed(alice, w.call(w.custom2, someCall), terms{nonce: nonce})
			r := w.apply(xt)
			if nonce == n {
				v.Equal(r, invalid(frame.InvalidExhaustsResources))
				break
			}
			length += uint64(len(xt))
			v.Equal(r, success)
			v.Equal(total(), base.Add(each.Mul(uint64(nonce)+1)).Add(frame.Weight{ProofSize: length}))
			index, _ := system.ExtrinsicIndex()
			v.Equal(index, nonce+1)
		}
	})
	inside("block_weight_and_size_is_stored_per_tx", func(v *vectors.Test, w *world) {
		base := frame.RefTime(175_000 + 10_000)
		w.InitializeBlock(header(1))
		v.Equal(total(), base)
		v.Equal(system.AllExtrinsicsLen(), uint32(0))
		var length uint32
		for nonce := range uint32(3) {
			xt := w.signed(alice, w.call(w.custom2, someCall), terms{nonce: nonce})
			v.Equal(w.apply(xt), success)
			length += uint32(len(xt))
		}
		v.Equal(total(), base.Add(extrinsicWeight(w).Mul(3)).Add(frame.Weight{ProofSize: uint64(length)}))
		v.Equal(system.AllExtrinsicsLen(), length)
		system.Finalize()
		v.Equal(system.AllExtrinsicsLen(), uint32(0))
		w.InitializeBlock(header(2))
		v.Equal(total(), base)
	})
	inside("validate_unsigned", func(v *vectors.Test, w *world) {
		good, bad := bare(w.call(w.custom, allowedUnsigned)), bare(w.call(w.custom, unallowedUnsigned))
		valid, err := w.validate(good)
		v.Ok(err)
		v.Equal(valid, frame.DefaultValid())
		_, err = w.validate(bad)
		v.Fails(err, frame.UnknownNoValidator)
		w.InitializeBlock(header(1))
		v.Equal(w.apply(good), fails(frame.BadOrigin))
		v.Equal(w.apply(bad), invalid(frame.UnknownNoValidator))
	})
	inside("block_hooks_weight_is_stored", func(v *vectors.Test, w *world) {
		w.InitializeBlock(header(1))
		w.FinalizeBlock()
		v.Equal(total(), frame.RefTime(175_000+175_000+10_000))
	})
	inside("runtime_upgraded_should_work", func(v *vectors.Test, w *world) {
		v.True(w.sys.LastRuntimeUpgrade.Exists(), "genesis notes the runtime")
		v.Equal(system.RuntimeUpgraded(), false)
		w.sys.Version.SpecVersion = 1
		v.Equal(system.RuntimeUpgraded(), true)
		w.sys.Version.SpecName = "test"
		v.Equal(system.RuntimeUpgraded(), true)
		w.sys.Version.SpecVersion, w.sys.Version.SpecName, w.sys.Version.ImplVersion = 0, "", 2
		v.Equal(system.RuntimeUpgraded(), false)
		w.sys.LastRuntimeUpgrade.Kill()
		v.Equal(system.RuntimeUpgraded(), true)
	})
	inside("last_runtime_upgrade_was_upgraded_works", func(v *vectors.Test, w *world) {
		for _, c := range []struct {
			last     uint32
			lastName string
			now      uint32
			nowName  string
			want     bool
		}{{0, "", 1, "", true}, {1, "", 1, "", false}, {1, "", 1, "test", true}, {1, "", 0, "", false}, {1, "", 0, "test", true}} {
			w.sys.LastRuntimeUpgrade.Put(system.LastRuntimeUpgradeInfo{SpecVersion: c.last, SpecName: c.lastName})
			w.sys.Version.SpecVersion, w.sys.Version.SpecName = c.now, c.nowName
			v.Equal(system.RuntimeUpgraded(), c.want)
		}
	})
	get := func(key []byte) string {
		value, _ := host.Get(key)
		return string(value)
	}
	inside("custom_runtime_upgrade_is_called_before_modules", func(v *vectors.Test, w *world) {
		w.sys.Version.SpecVersion = 1
		w.InitializeBlock(header(1))
		v.Equal(get(testKey), "module")
		v.Equal(get(customKey), "\x01")
		last, _ := w.sys.LastRuntimeUpgrade.Get()
		v.Equal(last, system.LastRuntimeUpgradeInfo{SpecVersion: 1})
	})
	inside("event_from_runtime_upgrade_is_included", func(v *vectors.Test, w *world) {
		w.sys.Version.SpecVersion = 1
		system.SetNumber(1)
		w.InitializeBlock(header(2))
		events := system.EventRecords()
		v.Equal(events[len(events)-1].Event, system.CodeUpdated{}.AppendEvent(nil))
	})
	in("custom_runtime_upgrade_is_called_when_using_execute_block_trait", func(v *vectors.Test, w *world) {
		w.sys.Version.SpecVersion = 1
		block := w.build(w.signed(alice, w.call(w.custom2, someCall), terms{spec: 1}))
		ext := w.Fork()
		v.Ok(refusal(ext, func() { w.ExecuteBlock(block) }))
		value, _ := ext.Get(testKey)
		v.Equal(string(value), "module")
		value, _ = ext.Get(customKey)
		v.Equal(string(value), "\x01")
	})
	inside("all_weights_are_recorded_correctly", func(v *vectors.Test, w *world) {
		w.sys.Version.SpecVersion = 1
		w.InitializeBlock(header(1))
		// Of three pallets the storage version is looked up.
		v.Equal(total(), frame.RefTime(100_000+200_000+175_000+10_000).Reads(3))
	})
	inside("offchain_worker_works_as_expected", func(v *vectors.Test, w *world) {
		h := chain.Header{Number: 1, ParentHash: repeat(69), Digest: []chain.DigestItem{
			{Kind: chain.DigestSeal, Engine: chain.EngineID{1, 2, 3, 4}, Data: []byte{5, 6, 7, 8}},
		}}
		w.OffchainWorker(&h)
		v.Equal(w.custom.workers, []chain.BlockNumber{1})
		v.Equal([]chain.DigestItem(system.CurrentDigest()), h.Digest)
		v.Equal(system.BlockHash(0), h.ParentHash)
		v.Equal(system.BlockHash(1), h.Hash())
	})
	in("calculating_storage_root_twice_works", func(v *vectors.Test, w *world) {
		v.Ok(w.execute(w.build(w.signed(alice, w.call(w.custom, calculateStorageRoot), terms{}))))
	})
	tx := func(w *world) []byte { return w.signed(alice, w.call(w.custom2, someCall), terms{}) }
	in("invalid_inherent_position_fail", func(v *vectors.Test, w *world) {
		refused(v, w.execute(w.build(tx(w), bare(w.call(w.custom, inherent)))), "inherent behind other extrinsics at index 1")
	})
	in("valid_inherents_position_works", func(v *vectors.Test, w *world) {
		v.Ok(w.execute(w.build(bare(w.call(w.custom, inherent)), tx(w))))
	})
	in("invalid_inherents_fail_block_execution", func(v *vectors.Test, w *world) {
		refused(v, w.execute(encode(*header(1), w.signed(alice, w.call(w.custom, inherent), terms{}))), frame.InvalidBadMandatory.Error())
	})
	inside("inherents_fail_validate_block", func(v *vectors.Test, w *world) {
		_, err := w.validate(bare(w.call(w.custom, inherent)))
		v.Fails(err, frame.InvalidMandatoryValidation)
	})
	in("inherents_ok_while_exts_forbidden_works", func(v *vectors.Test, w *world) {
		v.Ok(w.execute(w.build(bare(w.call(w.custom, inherent)))))
		w.migrator.ongoing = true
		v.Ok(w.execute(w.build(bare(w.call(w.custom, inherent)))))
	})
	in("transactions_in_only_inherents_block_errors", func(v *vectors.Test, w *world) {
		block := w.build(bare(w.call(w.custom, inherent)), tx(w))
		w.migrator.ongoing = true
		refused(v, w.execute(block), "only inherents are allowed")
	})
	in("transactions_in_normal_block_works", func(v *vectors.Test, w *world) {
		v.Ok(w.execute(w.build(bare(w.call(w.custom, inherent)), tx(w))))
	})
	in("apply_extrinsics_checks_inherents_are_first", func(v *vectors.Test, w *world) {
		in1, in2 := bare(w.call(w.custom, inherent)), bare(w.call(w.custom2, inherent))
		xt := func(nonce uint32) []byte { return w.signed(alice, w.call(w.custom2, someCall), terms{nonce: nonce}) }
		for _, good := range [][][]byte{{}, {xt(0)}, {in1}, {in1, xt(0)}, {in2, in1, xt(0)}} {
			v.Ok(w.execute(w.build(good...)))
		}
		for i, bad := range [][][]byte{{xt(0), in1}, {xt(0), xt(1), in1}, {xt(0), xt(1), xt(2), in2}} {
			refused(v, w.execute(encode(*header(1), bad...)), fmt.Sprintf("inherent behind other extrinsics at index %d", i+1))
		}
	})
	in("callbacks_in_block_execution_works", func(v *vectors.Test, w *world) {
		for _, migrating := range []bool{false, true} {
			w.migrator.ongoing = migrating
			for n := range 10 {
				var xts [][]byte
				for i := range n {
					if i%2 == 0 {
						xts = append(xts, bare(w.call(w.custom, inherent)))
					} else {
						xts = append(xts, bare(w.call(w.custom2, optionalInherent)))
					}
				}
				for i := range n {
					xts = append(xts, w.signed(alice, w.call(w.custom2, someCall), terms{nonce: uint32(i)}))
				}
				block := w.build(xts...)
				w.custom.ran, w.custom2.ran = nil, nil
				err := w.execute(block)
				if migrating && n > 0 {
					refused(v, err, "only inherents are allowed")
					continue
				}
				v.Ok(err)
				if migrating {
					v.Equal(w.custom2.ran, []uint8{traceFinalize})
					continue
				}
				var want []uint8
				for i := range n {
					if i%2 == 1 {
						want = append(want, optionalInherent)
					}
				}
				want = append(want, tracePostInherents)
				for range n {
					want = append(want, someCall)
				}
				v.Equal(w.custom2.ran, append(want, traceIdle, traceFinalize))
			}
		}
	})
	afterInherents := func(index uint8) func(v *vectors.Test, w *world) {
		return func(v *vectors.Test, w *world) {
			block := w.build(bare(w.call(w.custom2, index)), tx(w))
			w.custom2.ran = nil
			v.Ok(w.execute(block))
			v.Equal(w.custom2.ran, []uint8{index, tracePostInherents, someCall, traceIdle, traceFinalize})
		}
	}
	in("post_inherent_called_after_all_inherents", afterInherents(inherent))
	in("post_inherent_called_after_all_optional_inherents", afterInherents(optionalInherent))
	inside("is_inherent_works", func(v *vectors.Test, w *world) {
		for _, c := range []struct {
			xt   []byte
			want bool
		}{
			{bare(w.call(w.custom2, inherent)), true}, {bare(w.call(w.custom2, optionalInherent)), true}, {tx(w), false},
			{bare(w.call(w.custom2, allowedUnsigned)), false},
		} {
			w.decode(c.xt)
			v.Equal(w.isInherent(), c.want)
		}
	})
	in("max_transaction_depth_is_respected", func(v *vectors.Test, w *world) {
		c := w.call(w.custom, someFunction)
		for range 256 {
			c = &testCall{pallet: w.custom, index: batch, calls: []frame.Call{c}}
		}
		more := &testCall{pallet: w.custom, index: batch, calls: []frame.Call{c}}
		v.Ok(w.execute(w.build(w.signed(alice, c, terms{}))))
		refused(v, refusal(w.Fork(), func() { w.ApplyExtrinsic(w.signed(alice, more, terms{})) }), "nested too deep")
	})

	moneyVectors(s)
	s.Omit("try_execute_block_works, try_execute_tx_forbidden_errors", "there is no try-runtime; tests run TryState by themselves")
	s.Omit("state roots of block_import_works", "accounts and block numbers of that runtime have other types")
	s.Omit("PreInherents and PostTransactions of callbacks_in_block_execution_works", "no pallet of Subtensor's runtime has them")
	s.Done()
}
