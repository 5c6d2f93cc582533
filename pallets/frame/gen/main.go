package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

func main() { os.Exit(run(os.Args[1:], os.Stderr)) }

// run generates the files of the packages in the directories that args name, or of the one in the current directory. It returns the
// exit code: 0, 1 where a package is not as it should be, 2 where args are not understood.
func run(args []string, stderr io.Writer) int {
	flags := flag.NewFlagSet("gen", flag.ContinueOnError)
	flags.SetOutput(stderr)
	check := flags.Bool("check", false, "write nothing, and fail where a file is missing or old")
	flags.Usage = func() {
		fmt.Fprintf(stderr, "usage: gen [-check] [directory ...]\n\nWrites %s and %s of a pallet from its declarations.\n", palletFile, describeFile)
		flags.PrintDefaults()
	}
	if err := flags.Parse(args); err != nil {
		return 2
	}
	dirs := flags.Args()
	if len(dirs) == 0 {
		dirs = []string{"."}
	}
	outputs, err := generateAll(dirs)
	if err != nil {
		fmt.Fprintln(stderr, err)
	}
	code := 0
	if err != nil {
		code = 1
	}
	for _, o := range outputs {
		update := o.write
		if *check {
			update = o.fresh
		}
		if err := update(); err != nil {
			fmt.Fprintln(stderr, err)
			code = 1
		}
	}
	return code
}

// output is what a generated file should be.
type output struct {
	path    string
	content []byte // nil: there should be no file
}

// generateAll returns the generated files of the packages in dirs. Packages with errors are left out, and told of in the error.
func generateAll(dirs []string) (outputs []output, err error) {
	l, paths, err := newLoader(dirs...)
	if err != nil {
		return nil, err
	}
	for i, path := range paths {
		p, readErr := readPackage(l, path)
		if readErr != nil {
			err = errors.Join(err, readErr)
			continue
		}
		code, description, genErr := generate(p)
		if genErr != nil {
			err = errors.Join(err, fmt.Errorf("%s: %w", dirs[i], genErr))
			continue
		}
		outputs = append(outputs, output{filepath.Join(dirs[i], palletFile), code}, output{filepath.Join(dirs[i], describeFile), description})
	}
	return outputs, err
}

// write brings the file up to date; one that is so already keeps its time.
func (o output) write() error {
	if o.fresh() == nil {
		return nil
	}
	if o.content == nil {
		return os.Remove(o.path)
	}
	return os.WriteFile(o.path, o.content, 0o644)
}

// fresh returns an error where the file is not as it should be.
func (o output) fresh() error {
	content, err := os.ReadFile(o.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if o.content == nil {
			return nil
		}
		return fmt.Errorf("%s is missing: run go generate", relative(o.path))
	case err != nil:
		return err
	case o.content == nil:
		return fmt.Errorf("%s has nothing to say any more: run go generate", relative(o.path))
	case !bytes.Equal(content, o.content):
		return fmt.Errorf("%s is older than the declarations: run go generate", relative(o.path))
	}
	return nil
}

// relative returns path as seen from the current directory, where that is shorter.
func relative(path string) string {
	wd, err := os.Getwd()
	if err != nil {
		return path
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return path
	}
	if rel, err := filepath.Rel(wd, abs); err == nil && len(rel) < len(path) {
		return rel
	}
	return path
}
