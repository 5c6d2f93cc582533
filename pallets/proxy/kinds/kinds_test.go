package kinds

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/gotensor/gotensor/pallets/balances"
	"github.com/gotensor/gotensor/pallets/frame"
	"github.com/gotensor/gotensor/pallets/proxy"
	"github.com/gotensor/gotensor/pallets/sudo"
	"github.com/gotensor/gotensor/pallets/system"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/scale"
	"github.com/gotensor/gotensor/primitives/units"
)

// vectors is testdata/filters.json.
type vectors struct {
	Source  string
	Filters []struct {
		Kind   string
		Index  proxy.ProxyType
		Mode   string
		Calls  []named
		Except []named
		Whole  []struct{ Index uint8 }
	}
	AllCalls [][2]uint8 `json:"all_calls"`
}

type named struct {
	Call          string
	Pallet, Index uint8
}

// stub is a call of a pallet that may not be there, with nothing but its indices and what stands behind them.
type stub struct {
	pallet, call uint8
	arguments    []byte
}

func (s *stub) CallIndex() (pallet, call uint8) { return s.pallet, s.call }
func (s *stub) AppendScale(dst []byte) []byte {
	return append(append(dst, s.pallet, s.call), s.arguments...)
}
func (s *stub) Info() (info frame.DispatchInfo)          { return info }
func (s *stub) Run(frame.Origin) (frame.PostInfo, error) { return frame.PostInfo{}, nil }

// install makes the runtime of the pallets that kinds look into.
func install() {
	frame.Install(nil,
		frame.Entry{Index: systemPallet, Name: "System", Pallet: &system.Pallet{}},
		frame.Entry{Index: balancesPallet, Name: "Balances", Pallet: &balances.Pallet{}},
		frame.Entry{Index: sudoPallet, Name: "Sudo", Pallet: &sudo.Pallet{}})
}

// Every kind against every call of Subtensor's runtime: allowed is what the vectors say, and nothing else.
func TestVectors(t *testing.T) {
	install()
	raw, err := os.ReadFile("testdata/filters.json")
	if err != nil {
		t.Fatal(err)
	}
	var v vectors
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	if len(v.Filters) != 18 || len(table) != 18 || len(v.AllCalls) < 250 {
		t.Fatalf("%d kinds, %d calls", len(v.Filters), len(v.AllCalls))
	}
	checked := 0
	for _, f := range v.Filters {
		for _, c := range v.AllCalls {
			pallet, call := c[0], c[1]
			is := func(n named) bool { return n.Pallet == pallet && n.Index == call }
			listed := slices.ContainsFunc(f.Calls, is)
			for _, w := range f.Whole {
				listed = listed || w.Index == pallet
			}
			var want bool
			switch f.Mode {
			case "allow_all":
				want = true
			case "deny_all":
			case "allow":
				want = listed && !slices.ContainsFunc(f.Except, is)
			case "deny":
				want = !listed
			case "allow_conditional", "allow_nested":
				continue // TestSmallTransfer, TestSetCode
			default:
				t.Fatalf("mode %q", f.Mode)
			}
			checked++
			if got := Allows(f.Index, &stub{pallet: pallet, call: call}); got != want {
				t.Errorf("%s, call %d of pallet %d: %v, expected %v", f.Kind, call, pallet, got, want)
			}
		}
	}
	fmt.Fprintf(os.Stderr, "VECTORS: %d pairs of kind and call of subtensor's proxy filters\n", checked)
	if checked < 4000 {
		t.Errorf("%d pairs", checked)
	}
	if Allows(proxy.ProxyType(len(table)), &stub{}) {
		t.Error("a kind that is none allows a call")
	}
}

func TestSmallTransfer(t *testing.T) {
	install()
	dest := chain.AddressOf(chain.AccountID{1})
	stake := func(amount uint64) frame.Call {
		return &stub{subtensor, 86, scale.AppendU64(make([]byte, 32+32+2+2), amount)}
	}
	for _, test := range []struct {
		name string
		call frame.Call
		want bool
	}{
		{"nothing", &balances.TransferAllowDeathCall{Dest: dest}, true},
		{"below the limit", &balances.TransferAllowDeathCall{Dest: dest, Value: SmallLimit - 1}, true},
		{"at the limit", &balances.TransferAllowDeathCall{Dest: dest, Value: SmallLimit}, false},
		{"keep alive, below", &balances.TransferKeepAliveCall{Dest: dest, Value: SmallLimit - 1}, true},
		{"keep alive, most", &balances.TransferKeepAliveCall{Dest: dest, Value: ^units.Rao(0)}, false},
		{"raw address", &balances.TransferKeepAliveCall{Dest: chain.MultiAddress{Kind: chain.AddressRaw, Bytes: make([]byte, 70)}, Value: 1}, true},
		{"all", &balances.TransferAllCall{Dest: dest}, false},
		{"by force", &balances.ForceTransferCall{Source: dest, Dest: dest}, false},
		{"stake below", stake(SmallLimit - 1), true},
		{"stake at the limit", stake(SmallLimit), false},
		{"stake cut short", &stub{subtensor, 86, make([]byte, 20)}, false},
		{"other", &system.RemarkCall{}, false},
	} {
		if got := Allows(proxy.SmallTransfer, test.call); got != test.want {
			t.Errorf("%s: %v, expected %v", test.name, got, test.want)
		}
	}
}

func TestSetCode(t *testing.T) {
	install()
	for _, test := range []struct {
		name string
		call frame.Call
		want bool
	}{
		{"set_code", &sudo.SudoUncheckedWeightCall{Call: &system.SetCodeCall{}}, true},
		{"set_code_without_checks", &sudo.SudoUncheckedWeightCall{Call: &system.SetCodeWithoutChecksCall{}}, false},
		{"remark", &sudo.SudoUncheckedWeightCall{Call: &system.RemarkCall{}}, false},
		{"weight checked", &sudo.SudoCall{Call: &system.SetCodeCall{}}, false},
		{"bare", &system.SetCodeCall{}, false},
		{"twice", &sudo.SudoUncheckedWeightCall{Call: &sudo.SudoUncheckedWeightCall{Call: &system.SetCodeCall{}}}, false},
	} {
		if got := Allows(proxy.SudoUncheckedSetCode, test.call); got != test.want {
			t.Errorf("%s: %v, expected %v", test.name, got, test.want)
		}
	}
}

// All pairs of kinds, one row a kind: 1 where it can do all that the kind of the column can. Source: opentensor/subtensor
// runtime/src/lib.rs, InstanceFilter for ProxyType.
func TestSuperset(t *testing.T) {
	for kind := range proxy.ProxyType(len(table)) {
		row := strings.Repeat("0", 18)
		switch kind {
		case proxy.Any:
			row = strings.Repeat("1", 18)
		case proxy.NonTransfer:
			row = "011111111100111111"
		case proxy.Transfer:
			row = "000000000011000000"
		default:
			row = row[:kind] + "1" + row[kind+1:]
		}
		for other := range proxy.ProxyType(len(table)) {
			if got, want := Superset(kind, other), row[other] == '1'; got != want {
				t.Errorf("%d over %d: %v, expected %v", kind, other, got, want)
			}
		}
	}
}
