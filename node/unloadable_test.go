package node_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"sync"
	"testing"

	"github.com/gotensor/gotensor/internal/codeblob"
	"github.com/gotensor/gotensor/node"
	"github.com/gotensor/gotensor/node/chainspec"
	"github.com/gotensor/gotensor/node/logging"
	"github.com/gotensor/gotensor/node/pool"
	"github.com/gotensor/gotensor/primitives/scale"
	"github.com/gotensor/gotensor/testnet/driver"
	"github.com/gotensor/gotensor/testnet/upgrades"
	"github.com/gotensor/gotensor/wasmhost"
)

// logged makes a node's log one that can be read.
func logged(t *testing.T, cfg *node.Config) func() string {
	t.Helper()
	out := new(lines)
	log, err := logging.New(logging.Config{Out: out})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { log.Close() })
	cfg.Log = log
	return out.String
}

type lines struct {
	mu sync.Mutex
	bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.Buffer.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.Buffer.String()
}

// unloadable is a blob whose sections are good, and which exports no __heap_base.
func unloadable(t *testing.T, compressed []byte) []byte {
	t.Helper()
	module, err := wasmhost.Decompress(compressed)
	if err != nil {
		t.Fatal(err)
	}
	blob, err := codeblob.Compress(bytes.Replace(module, []byte("__heap_base"), []byte("__heap_bust"), 1))
	if err != nil {
		t.Fatal(err)
	}
	return blob
}

// A chain upgrades itself to code that does not load: the node lives, comes up again, answers what needs no runtime, says what to do, and goes on with a code substitute.
func TestUpgradeToCodeThatDoesNotLoad(t *testing.T) {
	spec := devSpec(t)
	next := upgrades.Next(t)
	cfg := config(t, spec)
	log := logged(t, &cfg)
	n, stop := run(t, cfg)
	waitFor(t, "block 1", func() bool { return n.Client().Head().Best.Number >= 1 })
	genesis := n.Client().Genesis()
	alice, err := driver.NewSender("//Alice")
	if err != nil {
		t.Fatal(err)
	}
	setCode := append([]byte{12, 0, 0, 2}, scale.AppendBytes(nil, unloadable(t, next.Compressed))...) // Sudo.sudo(System.set_code(code))
	x := alice.Sign(setCode, driver.Terms{Version: upgrades.Base(t).Version, Genesis: genesis, Birth: genesis, MetadataHash: true})
	if _, err := n.Pool().Submit(t.Context(), pool.Local, x); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "advice", func() bool { return strings.Contains(log(), "codeSubstitutes") })
	last := n.Client().Head().Best
	stop()

	log = logged(t, &cfg)
	n, stop = run(t, cfg)
	waitFor(t, "advice after the restart", func() bool { // what is logged is written a moment later
		return strings.Contains(log(), "codeSubstitutes") && strings.Contains(log(), wasmhost.ErrMissingHeapBase.Error())
	})
	var header struct{ Number string }
	if err := json.Unmarshal(ask(t, n, "chain_getHeader", "[]"), &header); err != nil || n.Client().Head().Best != last {
		t.Errorf("best block %s, expected %s, %v", n.Client().Head().Best, last, err)
	}
	ask(t, n, "system_health", "[]")
	stop()

	mended := *spec
	mended.CodeSubstitutes = []chainspec.CodeSubstitute{{Number: uint64(last.Number), Code: next.Compressed}}
	cfg.Spec = &mended
	n, stop = run(t, cfg)
	waitFor(t, "blocks of the substitute", func() bool { return n.Client().Head().Finalised.Number > last.Number })
	stop()
}

// A chain that begins with such code has no authorities to begin with, and the error says what to do.
func TestGenesisThatDoesNotLoad(t *testing.T) {
	spec := devSpec(t)
	code, err := spec.Genesis.Code()
	if err != nil {
		t.Fatal(err)
	}
	spec.Genesis.Top.Set([]byte(":code"), unloadable(t, code))
	cfg := config(t, spec)
	if _, err := node.New(t.Context(), cfg); err == nil || !strings.Contains(err.Error(), "codeSubstitutes") {
		t.Fatal(err)
	}
	spec.CodeSubstitutes = []chainspec.CodeSubstitute{{Code: code}}
	n, stop := run(t, cfg)
	waitFor(t, "a block of the substitute", func() bool { return n.Client().Head().Best.Number > 0 })
	stop()
}
