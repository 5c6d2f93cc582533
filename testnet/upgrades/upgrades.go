package upgrades

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	goruntime "runtime"
	"strings"
	"sync"
	"testing"

	"github.com/gotensor/gotensor/internal/codeblob"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/runtime-wasm/blob"
	"github.com/gotensor/gotensor/runtime-wasm/runtime"
)

// ErrBuild: a runtime could not be built.
var ErrBuild = errors.New("build test runtime")

// Runtime is a blob in both its forms, and what version it states.
type Runtime struct {
	Version    chain.RuntimeVersion
	Module     []byte // WebAssembly
	Compressed []byte // what goes under ":code"
}

// GuestBook is the name of the pallet that Next has and Base lacks, with the call sign(text).
const GuestBook = "GuestBook"

// Migrated is the account in whose name the migration of Next writes into the guest book: the text of the entry is one byte, how often it ran.
var Migrated = chain.AccountID([]byte("how often the migration was run "))

// Trap is what the migration of Broken says when it traps.
const Trap = "the migration of this test traps"

var (
	base = sync.OnceValues(func() (*Runtime, error) {
		root, err := sources()
		if err != nil {
			return nil, err
		}
		return build(root, runtime.Version.SpecVersion)
	})
	next   = sync.OnceValues(func() (*Runtime, error) { return edited(1, migration) })
	broken = sync.OnceValues(func() (*Runtime, error) { return edited(2, trap) })
	mended = sync.OnceValues(func() (*Runtime, error) { return edited(2, migration) })
)

// Base returns the runtime as the sources have it.
func Base(t testing.TB) *Runtime { return get(t, base) }

// Next returns the runtime that follows Base.
func Next(t testing.TB) *Runtime { return get(t, next) }

// Broken returns a runtime that Base and Next take for their successor, and whose first block traps.
func Broken(t testing.TB) *Runtime { return get(t, broken) }

// Mended returns what Broken should have been, at the same version: the code substitute that revives its chain.
func Mended(t testing.TB) *Runtime { return get(t, mended) }

func get(t testing.TB, built func() (*Runtime, error)) *Runtime {
	t.Helper()
	if testing.Short() {
		t.Skip("it compiles runtimes to Wasm")
	}
	r, err := built()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// Stating returns the blob of r with a version in its sections that its author did not give it: what a chain must refuse.
func Stating(t testing.TB, r *Runtime, change func(v *chain.RuntimeVersion)) *Runtime {
	t.Helper()
	v := r.Version
	change(&v)
	module, err := blob.Embed(r.Module, v)
	if err != nil {
		t.Fatal(err)
	}
	compressed, err := codeblob.Compress(module)
	if err != nil {
		t.Fatal(err)
	}
	return &Runtime{Version: v, Module: module, Compressed: compressed}
}

// sources is the root of the tree that this program was built from.
func sources() (string, error) {
	_, here, _, ok := goruntime.Caller(0)
	if !ok {
		return "", fmt.Errorf("%w: the path of the sources is not known", ErrBuild)
	}
	return filepath.Join(filepath.Dir(here), "..", ".."), nil
}

// build runs the build command of the tree in dir. The version is what its sources state.
func build(dir string, specVersion uint32) (*Runtime, error) {
	out, err := os.MkdirTemp("", "gotensor-upgrade-")
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBuild, err)
	}
	defer os.RemoveAll(out) //nolint:errcheck // a directory of temporary files
	cmd := exec.Command("go", "run", "-trimpath", "-tags=fast", "./runtime-wasm/build", "-flavour=portable", "-o="+out)
	cmd.Dir = dir
	if text, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%w: %w\n%s", ErrBuild, err, text)
	}
	r := &Runtime{Version: runtime.Version}
	r.Version.SpecVersion = specVersion
	// There is one flavour in the folder, whatever its name says of the pace.
	const compressed = ".compact.compressed.wasm"
	files, err := filepath.Glob(filepath.Join(out, "*"+compressed))
	if err != nil || len(files) != 1 {
		return nil, fmt.Errorf("%w: %d files, %v", ErrBuild, len(files), err)
	}
	if r.Compressed, err = os.ReadFile(files[0]); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBuild, err)
	}
	if r.Module, err = os.ReadFile(strings.TrimSuffix(files[0], compressed) + ".wasm"); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBuild, err)
	}
	return r, nil
}

// rooms are the folders that a runtime and its build are made of.
var rooms = []string{"primitives", "pallets", "runtime-wasm", "internal"}

// edited builds a copy of the tree that is so many versions later, and has the guest book with this hook.
func edited(later uint32, hook string) (*Runtime, error) {
	root, err := sources()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "gotensor-upgrade-tree-")
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBuild, err)
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a directory of temporary files
	if err := copyTree(dir, root); err != nil {
		return nil, fmt.Errorf("%w: copy the tree: %w", ErrBuild, err)
	}
	version := runtime.Version.SpecVersion + later
	const composed, versioned = "runtime-wasm/runtime/runtime.go", "runtime-wasm/runtime/version.go"
	for _, e := range []struct{ file, line, instead string }{
		{versioned, fmt.Sprintf("\tSpecVersion:        %d,\n", runtime.Version.SpecVersion), fmt.Sprintf("\tSpecVersion:        %d,\n", version)},
		{composed, "\t\"github.com/gotensor/gotensor/pallets/executive\"\n", "\t\"github.com/gotensor/gotensor/pallets/example\"\n\t\"github.com/gotensor/gotensor/pallets/executive\"\n"},
		{composed, "\t\tframe.Entry{Index: 16, Name: \"Proxy\", Pallet: Proxy},\n", "\t\tframe.Entry{Index: 16, Name: \"Proxy\", Pallet: Proxy},\n" +
			"\t\tframe.Entry{Index: 99, Name: \"" + GuestBook + "\", Pallet: &example.Pallet{Constants: example.Constants{MaxLength: 100, MaxRecent: 10, Period: 10}}},\n"},
	} {
		path := filepath.Join(dir, filepath.FromSlash(e.file))
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrBuild, err)
		}
		if strings.Count(string(text), e.line) != 1 {
			return nil, fmt.Errorf("%w: %s does not have the line %q once", ErrBuild, e.file, e.line)
		}
		if err := os.WriteFile(path, []byte(strings.Replace(string(text), e.line, e.instead, 1)), 0o600); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrBuild, err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "pallets", "example", "upgrade.go"), []byte(hook), 0o600); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBuild, err)
	}
	return build(dir, version)
}

// migration is the hook of Next: it counts itself in the guest book.
var migration = fmt.Sprintf(`package example

import (
	"github.com/gotensor/gotensor/pallets/frame"
	"github.com/gotensor/gotensor/pallets/system"
	"github.com/gotensor/gotensor/primitives/chain"
)

// OnRuntimeUpgrade writes into the book how often it ran.
func (p *Pallet) OnRuntimeUpgrade() frame.Weight {
	who := chain.AccountID([]byte(%q))
	ran := byte(1)
	if before, ok := p.Entries.Get(who); ok {
		ran += before.Text[0]
	}
	p.Entries.Put(who, Entry{Text: Text{ran}, At: system.Number()})
	return frame.RefTime(10_000_000).Reads(2).Writes(2)
}
`, Migrated[:])

// trap is the hook of Broken.
var trap = fmt.Sprintf(`package example

import "github.com/gotensor/gotensor/pallets/frame"

// OnRuntimeUpgrade traps.
func (p *Pallet) OnRuntimeUpgrade() frame.Weight { panic(%q) }
`, Trap)

// copyTree copies what is needed to build a runtime from root to dir.
func copyTree(dir, root string) error {
	for _, name := range []string{"go.mod", "go.sum"} {
		if err := copyFile(filepath.Join(dir, name), filepath.Join(root, name)); err != nil {
			return err
		}
	}
	for _, room := range rooms {
		err := filepath.WalkDir(filepath.Join(root, room), func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			name, err := filepath.Rel(root, path)
			if err != nil {
				return err
			}
			switch {
			case d.IsDir() && d.Name() == "testdata":
				return fs.SkipDir
			case d.IsDir():
				return os.MkdirAll(filepath.Join(dir, name), 0o755)
			case strings.HasSuffix(name, "_test.go") || !strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, ".s"):
				return nil
			default:
				return copyFile(filepath.Join(dir, name), path)
			}
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func copyFile(to, from string) error {
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, data, 0o600)
}
