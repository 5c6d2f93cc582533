package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/gotensor/gotensor/node/chainspec"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/wasmhost"
)

// source is what a FILE|SPEC argument names: a runtime alone, or one with the genesis state that it is in.
type source struct {
	code []byte
	spec *chainspec.Spec // nil for a runtime alone
}

// readSource tells a chain spec, which begins with a brace, from a runtime. Hex text of a runtime is read too: that is how specs and
// upgrades carry them.
func readSource(path string) (*source, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	head := make([]byte, 512)
	n, err := io.ReadFull(file, head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	switch kind(head[:n]) {
	case '{':
		spec, err := chainspec.Parse(file)
		if err != nil {
			return nil, specHint(path, err)
		}
		code, err := spec.Genesis.Code()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		return &source{code: code, spec: spec}, nil
	case 'x':
		text, err := io.ReadAll(io.LimitReader(file, 2*wasmhost.MaxCode+4))
		if err != nil {
			return nil, err
		}
		code, err := parseHex(trimSpace(text))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		return &source{code: code}, nil
	}
	code, err := io.ReadAll(io.LimitReader(file, wasmhost.MaxCode+1))
	if err != nil {
		return nil, err
	}
	return &source{code: code}, nil
}

// kind tells what a file is by its beginning: '{' a chain spec, 'x' hex digits, 0 something else: a module.
func kind(head []byte) byte {
	text := trimSpace(head)
	if strings.HasPrefix(text, "{") {
		return '{'
	}
	digits := strings.TrimPrefix(text, "0x")
	if digits != "" && strings.Trim(digits, "0123456789abcdefABCDEF") == "" {
		return 'x'
	}
	return 0
}

func trimSpace(b []byte) string {
	start, end := 0, len(b)
	blank := func(c byte) bool { return c == ' ' || c == '\n' || c == '\r' || c == '\t' }
	for start < end && blank(b[start]) {
		start++
	}
	for end > start && blank(b[end-1]) {
		end--
	}
	return string(b[start:end])
}

// specHint names the file and adds what to do.
func specHint(path string, err error) error {
	wrapped := fmt.Errorf("%s: %w", path, err)
	if errors.Is(err, chainspec.ErrNativeGenesis) {
		return hint(wrapped, "the raw form is what nodes of a chain share: look for a file with \"raw\" in its name")
	}
	return wrapped
}

// codeCache is where compiled runtimes are kept, "" where the system has no place for them.
func codeCache() string {
	dir, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	return filepath.Join(dir, "gotensor", "code")
}

// newEngine makes the engine of a command. Compiled runtimes are kept below the user's cache folder, so that the second look at a
// runtime does not compile it again; a system without such a folder does without.
func newEngine(c *cli.Context, cfg wasmhost.Config) (*wasmhost.Engine, error) {
	if !cfg.Interpreter && cfg.CacheDir == "" {
		cfg.CacheDir = codeCache()
	}
	cfg.OnFault = func(err error) { printHint(c.App.ErrWriter, "%v", err) }
	engine, err := wasmhost.NewEngine(cfg)
	if err != nil && cfg.CacheDir != "" {
		printHint(c.App.ErrWriter, "compiled code is not kept: %v", err)
		cfg.CacheDir = ""
		engine, err = wasmhost.NewEngine(cfg)
	}
	return engine, err
}

// load loads the runtime of a source and reads its version. The genesis state of a plain spec is made.
func (s *source) load(ctx context.Context, engine *wasmhost.Engine) (*wasmhost.Runtime, chain.RuntimeVersion, error) {
	runtime, err := engine.Load(ctx, s.code)
	if err != nil {
		return nil, chain.RuntimeVersion{}, err
	}
	if s.spec != nil {
		if err := s.spec.Genesis.MakeRaw(ctx, engine); err != nil {
			return nil, chain.RuntimeVersion{}, err
		}
	}
	version, err := runtime.Version(ctx)
	return runtime, version, err
}
