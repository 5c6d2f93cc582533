package system

import (
	"bytes"
	"encoding/hex"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/gotensor/gotensor/pallets/frame"
	"github.com/gotensor/gotensor/pallets/frame/describe"
	"github.com/gotensor/gotensor/pallets/frame/host"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/metadata"
	"github.com/gotensor/gotensor/primitives/scale"
	"github.com/gotensor/gotensor/primitives/units"
	"github.com/gotensor/gotensor/testnet/native"
)

// subtensor are the constants of Subtensor's runtime.
func subtensor() Constants {
	return Constants{
		BlockWeights:   SensibleBlockWeights(frame.Weight{RefTime: 4_000_000_000_000, ProofSize: 1<<64 - 1}, 75),
		BlockLength:    BlockLengthOf(10<<20, 75),
		BlockHashCount: 2400,
		DbWeight:       DbWeight{frame.ReadTime, frame.WriteTime},
		Version:        chain.RuntimeVersion{SpecName: "node-subtensor", ImplName: "node-subtensor", AuthoringVersion: 1, SpecVersion: 425, ImplVersion: 1, TransactionVersion: 1, SystemVersion: 1, APIs: []chain.API{{ID: chain.APIIDOf("Core"), Version: 5}}},
		SS58Prefix:     42,
	}
}

// TestMetadata compares the pallet's description with the items of frame-system 41.0.0 in their order: names and shapes of storage, calls, events, errors
// and constants. Source: metadata V16 of the node that the SDK's reference release is built as, spec 268 (npm @polkadot/types-support 16.5.6).
func TestMetadata(t *testing.T) {
	p := &Pallet{Constants: subtensor()}
	rt := frame.Install(nil, frame.Entry{Index: 0, Name: "System", Pallet: p})
	m, err := describe.Build(describe.Runtime{Pallets: rt.Pallets()})
	if err != nil {
		t.Fatal(err)
	}
	got := m.Pallets[0]
	var storage []string
	for _, e := range got.Storage.Entries {
		line := e.Name
		for _, h := range e.Hashers {
			line += " " + [...]string{"Blake2_128", "Blake2_256", "Blake2_128Concat", "Twox128", "Twox256", "Twox64Concat", "Identity"}[h]
		}
		if e.Modifier == metadata.Optional {
			line += " Option"
		} else {
			line += " " + hex.EncodeToString(e.Default)
		}
		storage = append(storage, line)
	}
	want := []string{
		"Account Blake2_128Concat 0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000080",
		"ExtrinsicCount Option",
		"InherentsApplied 00",
		"BlockWeight 000000000000",
		"AllExtrinsicsLen Option",
		"BlockHash Twox64Concat 0000000000000000000000000000000000000000000000000000000000000000",
		"ExtrinsicData Twox64Concat 00",
		"Number 00000000",
		"ParentHash 0000000000000000000000000000000000000000000000000000000000000000",
		"Digest 00",
		"Events 00",
		"EventCount 00000000",
		"EventTopics Blake2_128Concat 00",
		"LastRuntimeUpgrade Option",
		"UpgradedToU32RefCount 00",
		"UpgradedToTripleRefCount 00",
		"ExecutionPhase Option",
		"AuthorizedUpgrade Option",
		"ExtrinsicWeightReclaimed 0000",
	}
	compare(t, "storage", storage, want)

	variants := func(id *metadata.TypeID) (lines []string) {
		for _, v := range m.Types[*id].Def.Variants {
			line := string(rune('0'+v.Index%10)) + " " + v.Name
			if v.Index >= 10 {
				line = "1" + line
			}
			for _, f := range v.Fields {
				line += " " + *f.Name + ":" + *f.TypeName
			}
			lines = append(lines, line)
			if len(v.Docs) == 0 {
				t.Errorf("%s has no text", v.Name)
			}
		}
		return lines
	}
	compare(t, "calls", variants(got.Calls), []string{
		"0 remark remark:Vec<u8>", "1 set_heap_pages pages:u64", "2 set_code code:Vec<u8>", "3 set_code_without_checks code:Vec<u8>",
		"4 set_storage items:Vec<KeyValue>", "5 kill_storage keys:Vec<Key>", "6 kill_prefix prefix:Key subkeys:u32", "7 remark_with_event remark:Vec<u8>",
		"9 authorize_upgrade code_hash:T::Hash", "10 authorize_upgrade_without_checks code_hash:T::Hash", "11 apply_authorized_upgrade code:Vec<u8>",
	})
	compare(t, "events", variants(got.Event), []string{
		"0 ExtrinsicSuccess dispatch_info:DispatchEventInfo", "1 ExtrinsicFailed dispatch_error:DispatchError dispatch_info:DispatchEventInfo", "2 CodeUpdated",
		"3 NewAccount account:T::AccountId", "4 KilledAccount account:T::AccountId", "5 Remarked sender:T::AccountId hash:T::Hash",
		"6 UpgradeAuthorized code_hash:T::Hash check_version:bool", "7 RejectedInvalidAuthorizedUpgrade code_hash:T::Hash error:DispatchError",
	})
	compare(t, "errors", variants(got.Error), []string{
		"0 InvalidSpecName", "1 SpecVersionNeedsToIncrease", "2 FailedToExtractRuntimeVersion", "3 NonDefaultComposite", "4 NonZeroRefCount", "5 CallFiltered",
		"6 MultiBlockMigrationsOngoing", "7 NothingAuthorized", "8 Unauthorized",
	})
	var constants []string
	for _, c := range got.Constants {
		constants = append(constants, c.Name+" "+hex.EncodeToString(c.Value))
	}
	// The limits as opentensor/subtensor runtime/src/lib.rs makes them at spec 425; of the APIs in the version there is Core alone here.
	weight := func(time, proof uint64) string {
		return hex.EncodeToString(frame.Weight{RefTime: time, ProofSize: proof}.AppendScale(nil))
	}
	const most = 1<<64 - 1
	base, none := weight(108_157_000, 0), "00"
	compare(t, "constants", constants, []string{
		"BlockWeights " + weight(431_614_000, 0) + weight(4_000_000_000_000, most) +
			base + "01" + weight(2_599_891_843_000, 11_990_383_647_911_208_550) + "01" + weight(3_000_000_000_000, 13_835_058_055_282_163_711) + "01" + weight(0, 0) +
			base + "01" + weight(3_599_891_843_000, 16_602_069_666_338_596_454) + "01" + weight(4_000_000_000_000, most) + "01" +
			weight(1_000_000_000_000, 4_611_686_018_427_387_904) + base + none + none + none,
		"BlockLength 00007800" + "0000a000" + "0000a000",
		"BlockHashCount 60090000",
		"DbWeight 40787d010000000000e1f50500000000",
		"Version 386e6f64652d73756274656e736f72386e6f64652d73756274656e736f7201000000a90100000100000004df6acb689907609b050000000100000001",
		"SS58Prefix 2a00",
	})
}

func compare(t *testing.T, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s:\n%s\nwant\n%s", what, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestGenesis compares what genesis writes, to the byte: the entries of System in a chain specification that Substrate makes.
func TestGenesis(t *testing.T) {
	p := &Pallet{Constants: subtensor()}
	frame.Install(nil, frame.Entry{Index: 0, Name: "System", Pallet: p})
	ext := native.New(t)
	ext.Run(func() {
		if err := p.BuildGenesis([]byte(" {\n} ")); err != nil {
			t.Fatal(err)
		}
		if err := p.BuildGenesis([]byte(`{"code": "0x"}`)); err == nil {
			t.Error("an entry that nobody knows was taken")
		}
		if Finalize().ExtrinsicsRoot != hash.H256(host.OrderedRoot([]byte{0}, 0)) {
			t.Error("genesis has extrinsics")
		}
	})
	parent := strings.Repeat("45", 32)
	compare(t, "state", entries(t, ext), []string{
		"3a65787472696e7369635f696e646578 00000000",
		"26aa394eea5630e07c48ae0c9558cef75684a022a34dd8bfa2baaf44f172b710 01",        // UpgradedToU32RefCount
		"26aa394eea5630e07c48ae0c9558cef78a42f33323cb5ced3b44dd825fda9fcc " + parent, // ParentHash
		"26aa394eea5630e07c48ae0c9558cef7a44704b568d21667356a5a050c118746b4def25cfda6ef3a00000000 " + parent,
		"26aa394eea5630e07c48ae0c9558cef7a7fd6c28836b9a28522dc924110cf439 01", // UpgradedToTripleRefCount
		"26aa394eea5630e07c48ae0c9558cef7f9cce9c888469bb1a0dceaa129672ef8 a506386e6f64652d73756274656e736f72",
	})
}

// entries returns what is in the state, by key.
func entries(t *testing.T, ext *native.Ext) (lines []string) {
	t.Helper()
	ext.Run(func() {
		for key, ok := host.NextKey(nil); ok; key, ok = host.NextKey(key) {
			value, _ := host.Get(key)
			lines = append(lines, hex.EncodeToString(key)+" "+hex.EncodeToString(value))
		}
	})
	slices.SortFunc(lines, func(a, b string) int { // what belongs to no pallet first
		if x, y := strings.HasPrefix(a, "3a"), strings.HasPrefix(b, "3a"); x != y {
			if x {
				return -1
			}
			return 1
		}
		return strings.Compare(a, b)
	})
	return lines
}

// present returns the names of the entries that are in the state, accounts aside.
func present(p *Pallet) (names []string) {
	v := reflect.ValueOf(&p.Storage).Elem()
	for i := range v.NumField() {
		switch item := v.Field(i).Addr().Interface().(type) {
		case interface{ Exists() bool }:
			if item.Exists() {
				names = append(names, v.Type().Field(i).Name)
			}
		}
	}
	for _, key := range [][]byte{keyExtrinsicIndex, keyIntrablockEntropy} {
		if host.Exists(key) {
			names = append(names, string(key))
		}
	}
	return names
}

// TestBlock looks at which single values are in the state in each phase of a block.
func TestBlock(t *testing.T) {
	ext, p := newExt(t)
	always := []string{"Number", "ParentHash", "Digest", "LastRuntimeUpgrade", "UpgradedToU32RefCount", "UpgradedToTripleRefCount"}
	expect := func(when string, more ...string) {
		t.Helper()
		want := append(slices.Clone(always), more...)
		got := present(p)
		slices.Sort(want)
		slices.Sort(got)
		compare(t, when, got, want)
	}
	ext.Run(func() {
		parent := repeat(7)
		Initialize(1, parent, []chain.DigestItem{{Kind: chain.DigestPreRuntime, Engine: chain.EngineAura, Data: []byte{1}}})
		expect("initialization", "ExecutionPhase", ":extrinsic_index", ":intrablock_entropy")
		entropy, _ := host.Get(keyIntrablockEntropy)
		want := hash.Blake2b256(append([]byte("frame_system::initialize"), parent[:]...))
		if !bytes.Equal(entropy, want[:]) {
			t.Errorf("entropy %x, want %x", entropy, want)
		}
		RegisterExtraWeightUnchecked(ref(1), frame.Mandatory)
		NoteFinishedInitialize()
		NoteExtrinsic([]byte{4, 1})
		NoteInherentsApplied()
		c, tx := new(CheckWeight), &frame.Tx{Len: 2}
		if _, err := c.Validate(tx); err != nil {
			t.Fatal(err)
		}
		if err := c.Prepare(tx); err != nil {
			t.Fatal(err)
		}
		if index, ok := ExtrinsicIndex(); index != 0 || !ok {
			t.Errorf("index %d, %v", index, ok)
		}
		ReclaimWeight(frame.DispatchInfo{Call: ref(1)}, frame.Used(frame.Weight{}))
		expect("an extrinsic", "ExecutionPhase", "InherentsApplied", "BlockWeight", "AllExtrinsicsLen", "ExtrinsicWeightReclaimed", ":extrinsic_index", ":intrablock_entropy")
		NoteAppliedExtrinsic(frame.PostInfo{}, nil, frame.DispatchInfo{})
		expect("between extrinsics", "ExecutionPhase", "InherentsApplied", "BlockWeight", "AllExtrinsicsLen", "Events", "EventCount", ":extrinsic_index", ":intrablock_entropy")
		NoteFinishedExtrinsics()
		expect("finalization", "ExecutionPhase", "ExtrinsicCount", "InherentsApplied", "BlockWeight", "AllExtrinsicsLen", "Events", "EventCount", ":intrablock_entropy")
		header := Finalize()
		expect("the end", "BlockWeight", "Events", "EventCount")
		if p.ExtrinsicData.Has(0) {
			t.Error("the extrinsic is still there")
		}
		if header.Number != 1 || header.ParentHash != parent || len(header.Digest) != 1 || header.ExtrinsicsRoot != hash.H256(host.OrderedRoot([]byte{4, 8, 4, 1}, 0)) {
			t.Errorf("header %+v", header)
		}
		if header.StateRoot != hash.H256(host.Root(1)) {
			t.Error("the state root is not that of the state")
		}
		ResetEvents()
		expect("before the next", "BlockWeight")
	})
}

// TestOrigins calls everything on behalf of everybody.
func TestOrigins(t *testing.T) {
	ext, _ := newExt(t)
	root, signed, none := frame.Root(), frame.SignedBy(acc(1)), frame.None()
	for _, c := range []struct {
		call                        frame.Call
		rootErr, signedErr, noneErr error
	}{
		{&RemarkCall{Remark: []byte("a")}, nil, nil, nil},
		{&SetHeapPagesCall{Pages: 1}, nil, frame.BadOrigin, frame.BadOrigin},
		{&SetCodeCall{Code: codeOf("test", 2, 1)}, nil, frame.BadOrigin, frame.BadOrigin},
		{&SetCodeCall{Code: []byte("no code")}, FailedToExtractRuntimeVersion, frame.BadOrigin, frame.BadOrigin},
		{&SetCodeWithoutChecksCall{Code: []byte("no code")}, nil, frame.BadOrigin, frame.BadOrigin},
		{&SetStorageCall{Items: []KeyValue{{A: []byte("k"), B: []byte("v")}}}, nil, frame.BadOrigin, frame.BadOrigin},
		{&KillStorageCall{Keys: [][]byte{[]byte("k")}}, nil, frame.BadOrigin, frame.BadOrigin},
		{&KillPrefixCall{Prefix: []byte("k"), Subkeys: 1}, nil, frame.BadOrigin, frame.BadOrigin},
		{&RemarkWithEventCall{Remark: []byte("a")}, frame.BadOrigin, nil, frame.BadOrigin},
		{&AuthorizeUpgradeCall{}, nil, frame.BadOrigin, frame.BadOrigin},
		{&AuthorizeUpgradeWithoutChecksCall{}, nil, frame.BadOrigin, frame.BadOrigin},
		{&ApplyAuthorizedUpgradeCall{Code: []byte("code")}, NothingAuthorized, NothingAuthorized, NothingAuthorized},
	} {
		for origin, want := range map[frame.OriginCaller]error{root.Caller: c.rootErr, signed.Caller: c.signedErr, none.Caller: c.noneErr} {
			fork := ext.Fork()
			fork.Run(func() {
				before := host.Root(1)
				_, err := frame.Dispatch(c.call, frame.From(origin))
				if err != want {
					t.Errorf("%T on behalf of %v: %v, want %v", c.call, origin, err, want)
				}
				if err != nil && host.Root(1) != before {
					t.Errorf("%T failed and changed the state", c.call)
				}
			})
		}
		data := c.call.AppendScale(nil)
		again, err := scale.UnmarshalFunc(data, frame.DecodeCall)
		if err != nil || !reflect.DeepEqual(again, c.call) {
			t.Errorf("%T decodes as %+v, %v", c.call, again, err)
		}
	}
}

// TestUpgrades applies authorized code that is right, and that is not.
func TestUpgrades(t *testing.T) {
	good, bad := codeOf("test", 2, 1), codeOf("other", 2, 1)
	for name, c := range map[string]struct {
		code       []byte
		check      bool
		migrating  bool
		err        error
		rejected   error
		authorized bool // afterwards
	}{
		"checked":               {good, true, false, nil, nil, false},
		"unchecked":             {bad, false, false, nil, nil, false},
		"another name":          {bad, true, false, nil, InvalidSpecName, false},
		"no code":               {[]byte("no code"), true, false, nil, FailedToExtractRuntimeVersion, false},
		"during a migration":    {good, true, true, MultiBlockMigrationsOngoing, nil, true},
		"migration, no version": {good, false, true, MultiBlockMigrationsOngoing, nil, true},
	} {
		ext, p := newExt(t)
		p.Migrator = &mockMigrator{c.migrating}
		ext.Run(func() {
			SetNumber(1)
			h := hash.Blake2b256(c.code)
			if err := p.authorizeUpgrade(frame.Root(), h, c.check); err != nil {
				t.Fatal(err)
			}
			_, poolErr := p.ValidateUnsigned(frame.External, &ApplyAuthorizedUpgradeCall{Code: c.code})
			if (poolErr != nil) != c.migrating {
				t.Errorf("%s: the pool says %v", name, poolErr)
			}
			post, err := frame.Dispatch(&ApplyAuthorizedUpgradeCall{Code: c.code}, frame.None())
			if err != c.err || p.AuthorizedUpgrade.Exists() != c.authorized {
				t.Fatalf("%s: %v, authorized %v", name, err, p.AuthorizedUpgrade.Exists())
			}
			if err != nil {
				return
			}
			var want frame.Event = CodeUpdated{}
			wantPost := frame.PostInfo{Actual: p.BlockWeights.MaxBlock, HasActual: true, Pays: frame.No}
			if c.rejected != nil {
				want, wantPost = RejectedInvalidAuthorizedUpgrade{h, frame.AsDispatchError(c.rejected)}, frame.PostInfo{Pays: frame.No}
			}
			events := EventRecords()
			if got := events[len(events)-1].Event; !bytes.Equal(got, want.AppendEvent(nil)) || post != wantPost {
				t.Errorf("%s: event %x, %+v", name, got, post)
			}
			if got, _ := host.Get(keyCode); bytes.Equal(got, c.code) != (c.rejected == nil) {
				t.Errorf("%s: the code is %q", name, got)
			}
		})
	}
}

// TestLogicErrors: references that are taken off too often are said in the log, and change nothing.
func TestLogicErrors(t *testing.T) {
	ext, p := newExt(t)
	logged := func(what string, f func()) {
		t.Helper()
		before := len(ext.Logs)
		ext.Run(f)
		if len(ext.Logs) != before+1 || ext.Logs[before].Level != levelError || !strings.Contains(ext.Logs[before].Message, what) {
			t.Errorf("%s: log %+v", what, ext.Logs[before:])
		}
	}
	logged("provider of an account that is gone", func() {
		if err := DecProviders(acc(1)); err != nil || AccountExists(acc(1)) {
			t.Errorf("%v, exists %v", err, AccountExists(acc(1)))
		}
	})
	logged("sufficient of an account that is gone", func() {
		if !DecSufficients(acc(1)) || AccountExists(acc(1)) {
			t.Error("an account appeared")
		}
	})
	ext.Run(func() { IncSufficients(acc(1)) })
	logged("more providers go than came", func() {
		if err := DecProviders(acc(1)); err != nil || !AccountExists(acc(1)) || Providers(acc(1)) != 0 {
			t.Errorf("%v, %d providers", err, Providers(acc(1)))
		}
	})
	logged("more consumers go than came", func() { DecConsumers(acc(1)) })
	ext.Run(func() {
		IncProviders(acc(2))
		for range p.MaxConsumers {
			if !CanIncConsumer(acc(2)) || IncConsumers(acc(2)) != nil {
				t.Fatal("a consumer was refused")
			}
		}
		if CanIncConsumer(acc(2)) || IncConsumers(acc(2)) != frame.TooManyConsumers || CanAccrueConsumers(acc(2), 1<<32-1) {
			t.Error("there are more consumers than may be")
		}
		if err := IncConsumersWithoutLimit(acc(2)); err != nil || Consumers(acc(2)) != p.MaxConsumers+1 {
			t.Errorf("%v, %d consumers", err, Consumers(acc(2)))
		}
		if CanDecProvider(acc(2)) || Sufficients(acc(2)) != 0 {
			t.Error("the last provider may go")
		}
	})
}

// TestStoredMap changes account data with references that come and go on the way.
func TestStoredMap(t *testing.T) {
	ext, p := newExt(t)
	who := acc(1)
	put := func(free units.Rao, counts func()) func(*AccountData, bool) (bool, error) {
		return func(d *AccountData, existed bool) (bool, error) {
			d.Free = free
			counts()
			return free > 0, nil
		}
	}
	ext.Run(func() {
		if err := TryMutateExists(who, put(5, func() {})); err != nil || AccountExists(who) {
			t.Errorf("%v: an account without references", err)
		}
		if err := TryMutateExists(who, put(5, func() { IncProviders(who) })); err != nil || AccountDataOf(who) != (AccountData{Free: 5, Flags: NewLogic}) {
			t.Errorf("%v: %+v", err, AccountDataOf(who))
		}
		IncAccountNonce(who)
		if err := TryMutateExists(who, func(d *AccountData, existed bool) (bool, error) {
			if !existed || d.Free != 5 {
				t.Errorf("existed %v, %+v", existed, d)
			}
			d.Free = 9
			return true, frame.TokenFrozen
		}); err != frame.TokenFrozen || AccountDataOf(who).Free != 5 {
			t.Errorf("%v: %+v", err, AccountDataOf(who))
		}
		if err := TryMutateExists(who, put(0, func() {})); err != nil || p.Account.Get(who) != (AccountInfo{Nonce: 1, Providers: 1, Data: DefaultAccount().Data}) {
			t.Errorf("%v: %+v", err, p.Account.Get(who))
		}
		if err := TryMutateExists(who, put(0, func() {
			if err := DecProviders(who); err != nil {
				t.Error(err)
			}
		})); err != nil || AccountExists(who) {
			t.Errorf("%v: the account is still there", err)
		}
		// The encoding of an account, as clients read it.
		p.Account.Put(who, AccountInfo{1, 2, 3, 4, AccountData{5, 6, 7, NewLogic}})
		raw, _ := host.Get(p.Account.Key(who))
		if got, want := hex.EncodeToString(raw), "01000000020000000300000004000000"+"050000000000000006000000000000000700000000000000"+"00000000000000000000000000000080"; got != want {
			t.Errorf("account is %s, want %s", got, want)
		}
	})
}

// TestIntegrity: limits that contradict each other are refused.
func TestIntegrity(t *testing.T) {
	p := &Pallet{Constants: subtensor()}
	if err := p.IntegrityTest(); err != nil {
		t.Error(err)
	}
	for what, change := range map[string]func(w *BlockWeights){
		"above the base weights": func(w *BlockWeights) { w.PerClass.Normal.MaxTotal = &frame.Weight{RefTime: 1, ProofSize: 1} },
		"more than its class":    func(w *BlockWeights) { w.PerClass.Normal.MaxExtrinsic = w.PerClass.Normal.MaxTotal },
		"no extrinsic fits its":  func(w *BlockWeights) { w.PerClass.Normal.MaxExtrinsic = &frame.Weight{} },
		"reserve holds no":       func(w *BlockWeights) { w.PerClass.Operational.Reserved = &frame.Weight{RefTime: 1, ProofSize: 1} },
		"more than the block":    func(w *BlockWeights) { w.MaxBlock = *w.PerClass.Normal.MaxTotal },
		"fits the block": func(w *BlockWeights) {
			w.PerClass = WeightsPerClasses{Mandatory: WeightsPerClass{BaseExtrinsic: frame.RefTime(w.MaxBlock.RefTime)}, Normal: WeightsPerClass{MaxTotal: &frame.Weight{}}, Operational: WeightsPerClass{MaxTotal: &frame.Weight{}}}
		},
	} {
		p := &Pallet{Constants: subtensor()}
		change(&p.BlockWeights)
		if err := p.IntegrityTest(); err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// BenchmarkDeposit measures an event.
func BenchmarkDeposit(b *testing.B) {
	ext, _ := newExt(b)
	ext.Run(func() {
		SetNumber(1)
		b.ReportAllocs()
		b.ResetTimer()
		var event frame.Event = NewAccount{acc(1)}
		for range b.N {
			Deposit(event)
		}
		b.StopTimer()
		if n := instance.EventCount.Get(); n != uint32(b.N) {
			b.Fatalf("%d events", n)
		}
	})
}

// TestChecks: what of the extensions the original's tests leave open.
func TestChecks(t *testing.T) {
	ext, p := newExt(t)
	ext.Run(func() {
		IncProviders(acc(1))
		block := func(n uint32, info frame.DispatchInfo, who chain.AccountID) error {
			c, tx := &CheckNonce{Nonce: n}, &frame.Tx{Origin: frame.SignedBy(who), Info: info, Source: frame.InBlock}
			if _, err := c.Validate(tx); err != nil {
				return err
			}
			return c.Prepare(tx)
		}
		if err := block(1, frame.DispatchInfo{}, acc(1)); err != frame.InvalidFuture {
			t.Errorf("the transaction after the next: %v", err)
		}
		if err := block(0, frame.DispatchInfo{}, acc(1)); err != nil || AccountNonce(acc(1)) != 1 {
			t.Errorf("the next transaction: %v, nonce %d", err, AccountNonce(acc(1)))
		}
		// Subtensor lets strangers send calls that cost no fee.
		if err := block(0, frame.DispatchInfo{Pays: frame.No}, acc(2)); err != nil || AccountNonce(acc(2)) != 1 {
			t.Errorf("a stranger's free transaction: %v, nonce %d", err, AccountNonce(acc(2)))
		}
		if err := block(0, frame.DispatchInfo{}, acc(3)); err != frame.InvalidPayment {
			t.Errorf("a stranger's transaction: %v", err)
		}

		most := *p.BlockWeights.PerClass.Normal.MaxExtrinsic
		for _, c := range []struct {
			extension frame.Weight
			want      error
		}{{frame.Weight{}, nil}, {ref(1), frame.InvalidExhaustsResources}} {
			if _, err := new(CheckWeight).Validate(&frame.Tx{Info: frame.DispatchInfo{Call: most, Extension: c.extension}}); err != c.want {
				t.Errorf("the largest call with extensions of %v: %v, want %v", c.extension, err, c.want)
			}
		}

		// A block that was never finished leaves nothing for the next.
		Initialize(1, hash.H256{}, nil)
		NoteInherentsApplied()
		RegisterExtraWeightUnchecked(ref(1), frame.Normal)
		Initialize(1, hash.H256{}, nil)
		if InherentsApplied() || BlockWeight() != (ConsumedWeight{}) {
			t.Error("the block begins as the one before was left")
		}
	})
}
