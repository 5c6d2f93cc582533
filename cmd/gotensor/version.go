package main

import (
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/urfave/cli/v2"
)

// version is the release that this tree becomes. https://semver.org
const version = "0.1.0"

// commit is what the Makefile says of the tree, as git describe does: "1a2b3c4d5e6", or "1a2b3c4d5e6-dirty". Other builds know it from themselves.
var commit string

type versionReport struct {
	Version string `json:"version"`
	Commit  string `json:"commit,omitempty"` // of the tree that was built, where the build knew it
	Dirty   bool   `json:"dirty,omitempty"`  // the tree had changes besides
	Go      string `json:"go"`
	Wazero  string `json:"wazero"` // the Wasm engine: it decides what runtimes cost, never what they return
	OS      string `json:"os"`
	Arch    string `json:"arch"`
}

func newVersionReport() versionReport {
	r := versionReport{Version: version, Go: runtime.Version(), Wazero: "unknown", OS: runtime.GOOS, Arch: runtime.GOARCH}
	r.Commit, r.Dirty = strings.CutSuffix(commit, "-dirty")
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return r
	}
	for _, dep := range info.Deps {
		if dep.Path == "github.com/tetratelabs/wazero" {
			r.Wazero = dep.Version
		}
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			r.Commit = s.Value
		case "vcs.modified":
			r.Dirty = s.Value == "true"
		}
	}
	return r
}

func (r versionReport) text(p *printer) {
	p.row("gotensor", "%s", r.Version)
	if r.Commit != "" {
		suffix := ""
		if r.Dirty {
			suffix = ", changed since"
		}
		p.row("commit", "%s%s", r.Commit, suffix)
	}
	p.row("go", "%s", r.Go)
	p.row("wazero", "%s", r.Wazero)
	p.row("platform", "%s/%s", r.OS, r.Arch)
}

func versionCommand() *cli.Command {
	return &cli.Command{
		Name:  "version",
		Usage: "print the version of gotensor and of what it is built with",
		Action: func(c *cli.Context) error {
			if _, err := arguments(c, 0, 0); err != nil {
				return err
			}
			return emit(c, newVersionReport())
		},
	}
}
