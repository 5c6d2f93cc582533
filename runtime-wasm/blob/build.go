package blob

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gotensor/gotensor/internal/codeblob"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/scale"
)

// ErrCompile: the Go toolchain is missing or refused the program.
var ErrCompile = errors.New("compile runtime")

// Source says which program becomes a blob.
type Source struct {
	Dir     string   // a directory of the module; empty for the present one
	Package string   // its main package, as go build takes it
	Tags    []string // build tags
	// Files are files that the compiler sees beside those of the module, by their path relative to Dir: what is computed for the build.
	Files map[string][]byte
}

// Code is a finished blob in the form that lies under the key ":code", and what is said about it.
type Code struct {
	*Result    // Module has the version sections
	Version    chain.RuntimeVersion
	Compressed []byte // with Substrate's prefix
	// Hash is blake2b-256 of Compressed: the hash of the code on the chain, and the argument of System.authorize_upgrade.
	Hash hash.H256
	// Proposal is blake2b-256 of the encoded call System.set_code(Compressed): what a motion or a preimage of it is known by, and what subwasm
	// prints for a blob.
	Proposal hash.H256
}

// Build compiles, rewrites, asks the blob for its version, embeds and compresses. The same source, toolchain and options give the same bytes, wherever
// the source lies and whatever the environment says. Errors: ErrCompile, those of Rewrite, ErrVersion.
func Build(ctx context.Context, s Source, o Options) (*Code, error) {
	module, err := Compile(ctx, s, o.Names)
	if err != nil {
		return nil, err
	}
	c := new(Code)
	if c.Result, err = Rewrite(ctx, module, o); err != nil {
		return nil, err
	}
	if c.Version, err = CoreVersion(ctx, c.Module); err != nil {
		return nil, err
	}
	if c.Module, err = Embed(c.Module, c.Version); err != nil {
		return nil, err
	}
	if err := Validate(ctx, c.Module); err != nil {
		return nil, err
	}
	if c.Compressed, err = codeblob.Compress(c.Module); err != nil {
		return nil, err
	}
	c.Hash = hash.Blake2b256(c.Compressed)
	c.Proposal = proposalHash(c.Compressed)
	return c, nil
}

// Indices of the call System.set_code. Source: frame-system, and every runtime that puts System first, as Subtensor's does.
const (
	palletSystem = 0
	callSetCode  = 2
)

// proposalHash returns blake2b-256 of the encoded call System.set_code(code).
func proposalHash(code []byte) hash.H256 {
	return hash.Blake2b256(append([]byte{palletSystem}, setCode(code)...))
}

// setCode encodes the call set_code of the pallet System, without the pallet's index.
func setCode(code []byte) []byte { return scale.AppendBytes([]byte{callSetCode}, code) }

// Compile runs the Go toolchain that go.mod pins and returns what its linker makes: a reactor for WASI. Settings of the user that change what it
// makes are ignored. names keeps the names of functions.
func Compile(ctx context.Context, s Source, names bool) ([]byte, error) {
	env, err := pinned(ctx, s.Dir)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "gotensor-runtime-")
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCompile, err)
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a directory of temporary files
	file := filepath.Join(dir, "module.wasm")
	flags := "-s -w -buildid="
	if names {
		flags = "-w -buildid="
	}
	args := []string{"build", "-buildmode=c-shared", "-trimpath", "-buildvcs=false", "-mod=readonly", "-ldflags=" + flags, "-o", file}
	if len(s.Tags) > 0 {
		args = append(args, "-tags="+strings.Join(s.Tags, ","))
	}
	if len(s.Files) > 0 {
		overlay, err := writeOverlay(dir, s.Files)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrCompile, err)
		}
		args = append(args, "-overlay="+overlay)
	}
	if _, err := goCommand(ctx, s.Dir, env, append(args, s.Package)...); err != nil {
		return nil, err
	}
	module, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCompile, err)
	}
	return module, nil
}

// writeOverlay writes files to dir and returns the file that tells go build about them.
func writeOverlay(dir string, files map[string][]byte) (string, error) {
	var overlay struct{ Replace map[string]string }
	overlay.Replace = make(map[string]string, len(files))
	for i, path := range slices.Sorted(maps.Keys(files)) {
		file := filepath.Join(dir, fmt.Sprintf("file%d", i))
		if err := os.WriteFile(file, files[path], 0o600); err != nil {
			return "", err
		}
		overlay.Replace[filepath.FromSlash(path)] = file
	}
	text, err := json.Marshal(overlay)
	if err != nil {
		return "", err
	}
	name := filepath.Join(dir, "overlay.json")
	return name, os.WriteFile(name, text, 0o600)
}

// cleared are the variables that would change what the toolchain makes.
var cleared = []string{
	"GOFLAGS", "GOWASM", "GOEXPERIMENT", "GOFIPS140", "GODEBUG", "GOROOT", "GOTOOLDIR", "GO_EXTLINK_ENABLED", "GCCGO",
}

// kept are the settings of the user that say where things are; they are handed on by value, because the file that may hold them is not read.
var kept = []string{
	"GOPATH", "GOMODCACHE", "GOCACHE", "GOPROXY", "GOSUMDB", "GOPRIVATE", "GONOPROXY", "GONOSUMDB", "GOINSECURE", "GOVCS", "GOAUTH",
}

// pinned returns the environment in which every machine's toolchain makes the same of the module that dir belongs to.
func pinned(ctx context.Context, dir string) ([]string, error) {
	out, err := goCommand(ctx, dir, os.Environ(), "env", "-json")
	if err != nil {
		return nil, err
	}
	var settings map[string]string
	if err := json.Unmarshal(out, &settings); err != nil {
		return nil, fmt.Errorf("%w: go env: %w", ErrCompile, err)
	}
	if out, err = goCommand(ctx, dir, os.Environ(), "mod", "edit", "-json"); err != nil {
		return nil, err
	}
	var mod struct{ Toolchain string }
	if err := json.Unmarshal(out, &mod); err != nil {
		return nil, fmt.Errorf("%w: go.mod: %w", ErrCompile, err)
	}
	if mod.Toolchain == "" {
		return nil, fmt.Errorf("%w: go.mod of %q names no toolchain", ErrCompile, dir)
	}
	env := os.Environ()
	for _, name := range cleared {
		env = append(env, name+"=")
	}
	for _, name := range kept {
		env = append(env, name+"="+settings[name])
	}
	return append(env, "GOENV=off", "GOWORK=off", "GOTOOLCHAIN="+mod.Toolchain, "CGO_ENABLED=0", "GOOS=wasip1", "GOARCH=wasm"), nil
}

// goCommand runs the go command in dir.
func goCommand(ctx context.Context, dir string, env []string, args ...string) ([]byte, error) {
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = dir, env, &stdout, &stderr
	if err := cmd.Run(); err != nil {
		if text := strings.TrimSpace(stderr.String()); text != "" {
			return nil, fmt.Errorf("%w: go %s: %w\n%s", ErrCompile, args[0], err, text)
		}
		return nil, fmt.Errorf("%w: go %s: %w", ErrCompile, args[0], err)
	}
	return stdout.Bytes(), nil
}
