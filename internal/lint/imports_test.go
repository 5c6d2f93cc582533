package lint

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// room is a row of the architecture's table.
type room struct {
	dir     string
	may     []string // rooms that it may import besides itself
	instead string   // what to do where it wants another
}

// rooms are the rows of the architecture's table of directories, in its order. They hold for production code: tests of pallets run over testnet/native. Rooms that do not exist yet are judged from their first file on.
var rooms = []room{
	{"primitives", nil, "shared nouns import nothing of ours: take what is needed as an argument, or move the code to the room that owns it"},
	{"pallets/internal", []string{"pallets", "primitives", "testnet"}, "it is what tests of pallets share: the rules themselves belong to pallets"},
	{"pallets", []string{"primitives"}, "rules of the chain know primitives only: reach storage and host functions through pallets/frame"},
	{"runtime-wasm", []string{"pallets", "primitives"}, "the runtime is composed of pallets and primitives: move the code to a pallet"},
	{"wasmhost", []string{"primitives", "storage"}, "the host knows no pallet, block or network: let the caller pass it in through wasmhost.Env"},
	{"storage", []string{"primitives"}, "storage keeps bytes: let the caller encode what it stores"},
	{"consensus", []string{"primitives", "storage"}, "consensus verifies and votes: take an interface and let node wire it"},
	{"node", []string{"primitives", "wasmhost", "storage", "consensus"}, "the node learns the chain's rules from the runtime, through runtime APIs and metadata"},
	{"evm", []string{"primitives"}, "the Ethereum side knows primitives only"},
	{"bridge", []string{"primitives", "evm", "sdk"}, "relayers see the chain through a client (sdk)"},
	{"sdk", []string{"primitives"}, "the SDK sees the chain through RPC and metadata, never the node's insides"},
	{"testnet", []string{"primitives", "wasmhost", "storage", "consensus", "node", "evm", "bridge", "sdk", "runtime-wasm", "pallets"}, "use what the other rooms offer in public"},
	{"cmd", []string{"primitives", "wasmhost", "storage", "consensus", "node", "evm", "bridge", "sdk", "testnet", "runtime-wasm"}, "commands print and parse flags: pallets are reached through the runtime"},
}

// nowhere are packages that production code of a room must not reach, even through others.
var nowhere = []struct {
	rooms   []string
	prefix  string
	instead string
}{
	{[]string{"primitives", "pallets", "runtime-wasm"}, module + "/testnet", "the testnet is for tests"},
	{[]string{"primitives", "pallets", "runtime-wasm"}, "github.com/tetratelabs/wazero", "only wasmhost knows the Wasm engine"},
	{[]string{"primitives", "pallets", "runtime-wasm", "wasmhost"}, "github.com/dgraph-io/badger", "only storage knows the database: take storage.Reader or storage.State"},
	{[]string{"primitives", "pallets", "runtime-wasm", "storage", "consensus"}, "net/http", "network belongs to node"},
	{[]string{"primitives", "pallets", "runtime-wasm", "storage", "consensus", "wasmhost", "node"}, "github.com/urfave/cli", "flags belong to cmd"},
	{[]string{"primitives", "pallets", "runtime-wasm", "storage", "consensus", "wasmhost", "node", "evm", "bridge", "sdk", "testnet", "cmd"}, module + "/internal/outside", "outside files are for tests"},
}

// reached are exceptions: package, prefix.
var reached = map[string]string{
	"pallets/internal/testchain reaches " + module + "/testnet": "tests of pallets share it, and nothing else imports it",
	"runtime-wasm/blob reaches github.com/tetratelabs/wazero":   "it runs the initialisation of a blob when that is built; no runtime imports it",
	"runtime-wasm/build reaches github.com/tetratelabs/wazero":  "through runtime-wasm/blob",
	"storage/db reaches net/http":                               "through storage/kv/badgerdb",
	"storage/kv/badgerdb reaches net/http":                      "Badger traces with OpenTelemetry, whose package names header types of net/http; nothing listens or connects",
}

// arrow judges one import; it returns "" where the import is right.
func arrow(from, to string) string {
	for _, r := range rooms {
		if !under(from, r.dir) {
			continue
		}
		for _, dir := range append([]string{r.dir, "internal"}, r.may...) {
			if under(to, dir) {
				return ""
			}
		}
		return fmt.Sprintf("%s imports %s: %s may import %s; %s", from, to, r.dir, list(r.may), r.instead)
	}
	if under(from, "internal") {
		return ""
	}
	return fmt.Sprintf("%s is in no room of the architecture: move it, or add the room to the table there and here", from)
}

func list(may []string) string {
	if len(may) == 0 {
		return "nothing of ours"
	}
	return "only " + strings.Join(may, ", ")
}

// TestImports: arrows run the way that the architecture says.
func TestImports(t *testing.T) {
	all := packages(t)
	excuse := newExcuses(reached)
	for _, path := range slices.Sorted(maps.Keys(all)) {
		p := all[path]
		if !ours(path) {
			continue
		}
		for _, to := range p.Imports {
			if !ours(to) {
				continue
			}
			if wrong := arrow(rel(path), rel(to)); wrong != "" {
				t.Error(wrong)
			}
		}
		for _, rule := range nowhere {
			in := slices.ContainsFunc(rule.rooms, func(dir string) bool { return under(rel(path), dir) })
			if !in {
				continue
			}
			for _, dep := range p.Deps {
				if under(dep, rule.prefix) && !excuse.has(rel(path)+" reaches "+rule.prefix) {
					t.Errorf("%s reaches %s: %s", rel(path), dep, rule.instead)
					break
				}
			}
		}
	}
	excuse.finish(t)
}

func TestArrow(t *testing.T) {
	for _, test := range []struct {
		from, to string
		right    bool
	}{
		{"primitives/chain", "primitives/scale", true},
		{"primitives/chain", "storage", false},
		{"wasmhost", "storage/trie", true},
		{"wasmhost", "pallets/balances", false},
		{"storage", "wasmhost", false},
		{"node/rpc", "wasmhost", true},
		{"node/rpc", "pallets/frame", false},
		{"node/rpc", "runtime-wasm", false},
		{"pallets/balances", "pallets/frame", true},
		{"pallets/balances", "wasmhost", false},
		{"testnet/native", "pallets/frame/host", true},
		{"pallets/balances", "testnet/native", false},
		{"pallets/internal/testchain", "testnet/native", true},
		{"cmd/gotensor", "node/chainspec", true},
		{"cmd/gotensor", "pallets/balances", false},
		{"sdk", "node/rpc", false},
		{"node", "testnet", false},
		{"nodes", "primitives", false}, // a name that only begins like a room
		{"internal/lint", "storage", true},
	} {
		if got := arrow(test.from, test.to); (got == "") != test.right {
			t.Errorf("%s to %s: got %q, right is %v", test.from, test.to, got, test.right)
		}
	}
}
