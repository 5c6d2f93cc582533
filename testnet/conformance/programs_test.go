package conformance

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gofrs/flock"
)

// registries is the environment variable that lets the suite install packages. "1": where a registry cannot be reached, tests are skipped and counted;
// "required": they fail.
const registries = "GOTENSOR_REGISTRIES"

// environment is a set of packages of one registry, pinned, with the programs beside it that use them.
type environment struct {
	registry string // for messages
	source   string // folder in this package with pins and programs
	pins     []string
	// tools are what must be on the machine.
	tools []string
	// install runs in the folder of the environment, into which pins were copied.
	install func(ctx context.Context, dir string) error
	// program returns the command that runs a program in that folder.
	program func(ctx context.Context, dir, name string, args []string) *exec.Cmd

	once sync.Once
	dir  string
	err  error
}

var (
	npm = &environment{
		registry: "npm", source: "js", pins: []string{"package.json", "package-lock.json"}, tools: []string{"node", "npm"},
		install: func(ctx context.Context, dir string) error {
			return command(ctx, dir, "npm", "ci", "--ignore-scripts", "--omit=optional", "--no-audit", "--no-fund")
		},
		program: func(ctx context.Context, dir, name string, args []string) *exec.Cmd {
			return exec.CommandContext(ctx, "node", append([]string{filepath.Join(dir, name)}, args...)...)
		},
	}
	sdk   = python("sdk.txt")
	btcli = python("btcli.txt")
)

func python(requirements string) *environment {
	return &environment{
		registry: "PyPI", source: "py", pins: []string{requirements}, tools: []string{"python3"},
		install: func(ctx context.Context, dir string) error {
			if err := command(ctx, dir, "python3", "-m", "venv", "venv"); err != nil {
				return err
			}
			// No dependency but those that are pinned, no file but those whose hashes are, and no code of theirs runs to be installed.
			return command(ctx, dir, filepath.Join("venv", "bin", "pip"), "install", "--retries", "2", "--no-deps", "--only-binary", ":all:", "--require-hashes", "-r", requirements)
		},
		program: func(ctx context.Context, dir, name string, args []string) *exec.Cmd {
			cmd := exec.CommandContext(ctx, filepath.Join(dir, "venv", "bin", "python"), append([]string{filepath.Join(dir, name)}, args...)...)
			cmd.Env = append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1", "PYTHONHASHSEED=0")
			return cmd
		},
	}
}

// errUnreached: a registry was not reached, as opposed to having answered with something wrong.
var errUnreached = errors.New("registry not reached")

// unreached are the words of npm and pip for it.
var unreached = regexp.MustCompile(`ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|Temporary failure in name resolution|Name or service not known|Failed to establish a new connection|Network is unreachable|Connection refused`)

func command(ctx context.Context, dir, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err == nil {
		return nil
	}
	if unreached.Match(out) {
		return fmt.Errorf("%s %s: %w", name, args[0], errUnreached)
	}
	return fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, out)
}

// prepare installs the packages, once for each content of the pins, into a folder of the user's cache, and puts the programs beside them.
func (e *environment) prepare() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	sum := sha256.New()
	for _, pin := range e.pins {
		data, err := os.ReadFile(filepath.Join(e.source, pin))
		if err != nil {
			return "", err
		}
		fmt.Fprintf(sum, "%s %d\n%s", pin, len(data), data)
	}
	dir := filepath.Join(cache, "gotensor", "conformance", e.source+"-"+hex.EncodeToString(sum.Sum(nil))[:16])
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	// Two test processes may come at once.
	lock := flock.New(dir + ".lock")
	if err := lock.Lock(); err != nil {
		return "", fmt.Errorf("lock %s: %w", dir, err)
	}
	defer lock.Unlock()
	files, err := filepath.Glob(filepath.Join(e.source, "*"))
	if err != nil {
		return "", err
	}
	for _, file := range files {
		info, err := os.Stat(file)
		if err != nil {
			return "", err
		}
		if info.IsDir() {
			continue
		}
		data, err := os.ReadFile(file)
		if err != nil {
			return "", err
		}
		if err := os.WriteFile(filepath.Join(dir, filepath.Base(file)), data, 0o644); err != nil {
			return "", err
		}
	}
	// What was broken off has no mark and is done again.
	mark := filepath.Join(dir, "installed")
	if _, err := os.Stat(mark); err == nil {
		return dir, nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), 8*time.Minute)
	defer cancel()
	if err := e.install(ctx, dir); err != nil {
		return "", err
	}
	return dir, os.WriteFile(mark, nil, 0o644)
}

// ready installs the environment, or skips the test for as many cases.
func (e *environment) ready(t *testing.T, cases int) {
	t.Helper()
	mode := os.Getenv(registries)
	switch mode {
	case "1", "required":
	case "":
		t.Skipf("SKIPPED: %d cases need %s=1, which lets packages of %s be installed", cases, registries, e.registry)
	default:
		t.Fatalf(`%s: expected "1" or "required", got %q`, registries, mode)
	}
	for _, tool := range e.tools {
		if _, err := exec.LookPath(tool); err != nil {
			if mode == "required" {
				t.Fatal(err)
			}
			t.Skipf("SKIPPED: %d cases need %s on this machine", cases, tool)
		}
	}
	e.once.Do(func() { e.dir, e.err = e.prepare() })
	if errors.Is(e.err, errUnreached) && mode != "required" {
		t.Skipf("SKIPPED: %d cases need packages: %s was not reached", cases, e.registry)
	}
	if e.err != nil {
		t.Fatal(e.err)
	}
}

// run gives a program its input as a file and reads what it prints into output. The environment must be ready.
func (e *environment) run(t *testing.T, name string, input, output any) {
	t.Helper()
	e.converse(t, name, input, output, func(what string) error { return fmt.Errorf("the program asks for %q", what) })
}

// asks begins the lines in which a program asks the test to do something, such as to stop the node that it is connected to.
const asks = "ASK "

// converse is run of a program that asks: answer does what it wants.
func (e *environment) converse(t *testing.T, name string, input, output any, answer func(what string) error) {
	t.Helper()
	data, err := json.Marshal(input)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "input.json")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	cmd := e.program(ctx, e.dir, name, []string{path})
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	// A program may bring libraries that print: the answer is the last line.
	var last []byte
	lines := bufio.NewReader(stdout)
	for {
		line, err := lines.ReadBytes('\n')
		if what, ok := strings.CutPrefix(string(line), asks); ok {
			said := "done"
			if err := answer(strings.TrimSpace(what)); err != nil {
				said = err.Error()
			}
			fmt.Fprintln(stdin, said) //nolint:errcheck // a program that is gone says so below
		} else if len(bytes.TrimSpace(line)) > 0 {
			last = line
		}
		if err != nil {
			break
		}
	}
	if err := cmd.Wait(); err != nil {
		t.Fatalf("%s: %v\n%.4000s%.4000s", name, err, stderr.Bytes(), last)
	}
	if err := json.Unmarshal(last, output); err != nil {
		t.Fatalf("%s: answer: %v\n%.4000s%.4000s", name, err, last, stderr.Bytes())
	}
}
