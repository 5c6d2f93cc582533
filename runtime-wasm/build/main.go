// Command build makes the blobs of the runtime: what goes under the key ":code" of a chain.
//
//	go run [-tags fast] ./runtime-wasm/build [-o bin] [-flavour native|portable|both] [-names] [-package ./runtime-wasm]
//
// There are two flavours of one source. native imports the host functions ext_yuma_*; portable, built with the tag of that name, has their
// code inside, for hosts that lack them. For each it writes <o>/gotensor_<flavour>.wasm, and <o>/gotensor_<flavour>.compact.compressed.wasm, the
// same with Substrate's compression, which is the form to put on a chain. It prints sizes and hashes; package blob says what they are of.
//
// With the tag fast it makes the runtime of local networks, with slots of 250 ms: the flavours are native_fast and portable_fast then.
//
// The bytes depend on the source alone: see blob.Build.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path"
	"path/filepath"

	"github.com/gotensor/gotensor/runtime-wasm/blob"
	"github.com/gotensor/gotensor/runtime-wasm/runtime"
)

// flavours are the build tags of each, in the order in which they are built.
var flavours = []struct {
	name string
	tags []string
}{
	{"native", nil},
	{"portable", []string{"portable"}},
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run is main without a process: it returns the exit code, 2 for wrong arguments and 1 for a build that went wrong.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("build", flag.ContinueOnError)
	flags.SetOutput(stderr)
	out := flags.String("o", "bin", "`folder` for the blobs")
	flavour := flags.String("flavour", "both", "native, portable or both")
	names := flags.Bool("names", false, "keep the names of functions, for profiles and stack traces; the hashes are then others")
	source := flags.String("package", "./runtime-wasm", "main `package` of the runtime")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return 0
		}
		return 2
	}
	if flags.NArg() > 0 {
		fmt.Fprintf(stderr, "build: unexpected argument %q\n", flags.Arg(0))
		return 2
	}
	files, err := runtime.Embed(path.Join(*source, "runtime"))
	if err != nil {
		fmt.Fprintf(stderr, "build: %v\n", err)
		return 1
	}
	built := 0
	for _, f := range flavours {
		if *flavour != "both" && *flavour != f.name {
			continue
		}
		built++
		code, err := blob.Build(ctx, blob.Source{Package: *source, Tags: append(pace(), f.tags...), Files: files}, blob.Options{Names: *names})
		name := f.name + suffix()
		if err == nil {
			err = write(*out, name, code, stdout)
		}
		if err != nil {
			fmt.Fprintf(stderr, "build: %s: %v\n", name, err)
			return 1
		}
	}
	if built == 0 {
		fmt.Fprintf(stderr, "build: unknown flavour %q, expected native, portable or both\n", *flavour)
		return 2
	}
	return 0
}

// pace returns the build tag of the runtime's pace. This program is built with it, as it computes the metadata.
func pace() []string {
	if runtime.Fast {
		return []string{"fast"}
	}
	return nil
}

// suffix is what names of flavours have at their end at that pace.
func suffix() string {
	if runtime.Fast {
		return "_fast"
	}
	return ""
}

// write puts the files of a flavour into dir and describes them.
func write(dir, flavour string, c *blob.Code, stdout io.Writer) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	raw := filepath.Join(dir, "gotensor_"+flavour+".wasm")
	if err := os.WriteFile(raw, c.Module, 0o644); err != nil {
		return err
	}
	compressed := filepath.Join(dir, "gotensor_"+flavour+".compact.compressed.wasm")
	if err := os.WriteFile(compressed, c.Compressed, 0o644); err != nil {
		return err
	}
	v := &c.Version
	_, err := fmt.Fprintf(stdout, `%s: %s-%d (%s-%d.tx%d.au%d), %d runtime APIs
  raw            %9d bytes  %s
  compressed     %9d bytes  %s
  inside         %d functions (%d twice), %d table entries, %d data segments, %d of %d pages in use
  code hash      %s  (of the compressed code; System.authorize_upgrade takes it)
  proposal hash  %s  (of the call System.set_code with the compressed code)
`,
		flavour, v.SpecName, v.SpecVersion, v.ImplName, v.ImplVersion, v.TransactionVersion, v.AuthoringVersion, len(v.APIs),
		len(c.Module), raw, len(c.Compressed), compressed,
		c.Functions-c.Seconds, c.Seconds, c.Table, c.Segments, c.UsedPages, c.Pages, c.Hash, c.Proposal)
	return err
}
