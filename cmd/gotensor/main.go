package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/urfave/cli/v2"
)

func main() { os.Exit(run(os.Args, os.Stdin, os.Stdout, os.Stderr)) }

// run runs one command line and returns the exit code. Nothing below it ends the process or touches the real streams.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	app := newApp(stdin, stdout, stderr)
	args = attachedValues(app, args)
	app.Metadata = map[string]any{commandLine: args}
	err := app.Run(args)
	if err == nil {
		return 0
	}
	var topic cli.ExitCoder // the library's word for help about a command that there is not
	if errors.As(err, &topic) {
		err = &usageError{text: "no help: there is no such command"}
	}
	fmt.Fprintf(stderr, "gotensor: %v\n", err)
	var hinted *hintError
	for e := err; errors.As(e, &hinted); e = hinted.err {
		for _, hint := range hinted.hints {
			printHint(stderr, hint)
		}
	}
	var usage *usageError
	if errors.As(err, &usage) {
		printHint(stderr, "see gotensor %s--help", usage.command)
		return 2
	}
	return 1
}

// commandLine is the key of App.Metadata under which the words of the command line stand.
const commandLine = "command line"

func printHint(w io.Writer, format string, args ...any) {
	fmt.Fprintf(w, "hint: "+format+"\n", args...)
}

// usageError is a command line that makes no sense: exit code 2.
type usageError struct {
	command string // words after "gotensor", each with a blank behind it
	text    string
}

func (e *usageError) Error() string { return e.text }

func usage(c *cli.Context, format string, args ...any) error {
	return &usageError{command: commandWords(c), text: fmt.Sprintf(format, args...)}
}

// commandWords returns the words of the running command after the program's name: "key inspect ".
func commandWords(c *cli.Context) string {
	if c == nil || c.Command == nil {
		return ""
	}
	_, words, _ := strings.Cut(c.Command.HelpName, " ")
	if words == "" {
		return ""
	}
	return words + " "
}

// hintError adds advice to an error: printed on lines of its own, and no part of the error's text.
type hintError struct {
	err   error
	hints []string
}

func (e *hintError) Error() string { return e.err.Error() }
func (e *hintError) Unwrap() error { return e.err }

func hint(err error, format string, args ...any) error {
	return &hintError{err: err, hints: []string{fmt.Sprintf(format, args...)}}
}

var jsonFlag = &cli.BoolFlag{Name: "json", Usage: "print one JSON document instead of text", DisableDefaultText: true}

func newApp(stdin io.Reader, stdout, stderr io.Writer) *cli.App {
	app := &cli.App{
		Name:      "gotensor",
		HelpName:  "gotensor",
		Usage:     "the Bittensor chain in pure Go",
		UsageText: "gotensor COMMAND [FLAGS] [ARGUMENTS]",
		Description: `Flags stand before arguments: gotensor runtime call --json chain.json Core_version

Exit codes: 0 done, 1 it went wrong, 2 the command line makes no sense.`,
		Reader:               stdin,
		Writer:               stdout,
		ErrWriter:            stderr,
		HideVersion:          true,
		EnableBashCompletion: true,
		Flags:                []cli.Flag{jsonFlag},
		Commands: []*cli.Command{
			nodeCommand(),
			testnetCommand(),
			chainSpecCommand(),
			runtimeCommand(),
			keyCommand(),
			databaseCommand(),
			buildSpecCommand(), exportBlocksCommand(), importBlocksCommand(), checkBlockCommand(), revertCommand(), purgeChainCommand(),
			benchmarkCommand(),
			completionCommand(),
			versionCommand(),
		},
		// run prints errors and picks the exit code.
		ExitErrHandler: func(*cli.Context, error) {},
	}
	app.Action = missingCommand
	finishCommands(app.Commands)
	app.OnUsageError = onUsageError
	return app
}

// finishCommands gives every command what all have: --json, errors of the command line, and groups a complaint about missing or unknown words.
func finishCommands(commands []*cli.Command) {
	for _, command := range commands {
		command.OnUsageError = onUsageError
		if len(command.Subcommands) > 0 {
			command.Action = missingCommand
			finishCommands(command.Subcommands)
			continue
		}
		command.Flags = append(command.Flags, jsonFlag)
	}
}

func onUsageError(c *cli.Context, err error, _ bool) error {
	wrong := usage(c, "%v", err)
	if name, ok := strings.CutPrefix(err.Error(), "flag provided but not defined: -"); ok && commandWords(c) == "node " {
		if instead := otherFlags[strings.TrimPrefix(name, "-")]; instead != "" {
			return hint(wrong, "%s", instead)
		}
	}
	return wrong
}

// missingCommand runs where a command group stands alone, or with a word that is none of its commands.
func missingCommand(c *cli.Context) error {
	if !c.Args().Present() {
		if c.Command.Name == "gotensor" || c.Command.Name == "" {
			return cli.ShowAppHelp(c)
		}
		return cli.ShowSubcommandHelp(c)
	}
	err := usage(c, "no command %q", commandWords(c)+c.Args().First())
	var names []string
	for _, command := range c.Command.Subcommands {
		if !command.Hidden {
			names = append(names, command.Name)
		}
	}
	return hint(err, "commands: %s", strings.Join(names, ", "))
}

// arguments returns the arguments after checking their number: at least least, at most most.
func arguments(c *cli.Context, least, most int) ([]string, error) {
	args := c.Args().Slice()
	// The parser stops looking for flags at the first argument; a flag behind it would be taken for an argument.
	i := slices.IndexFunc(args, func(a string) bool { return len(a) > 1 && a[0] == '-' })
	if i >= 0 {
		if words, ok := c.App.Metadata[commandLine].([]string); ok && slices.Contains(words, "--") {
			i = -1 // whoever writes -- means it
		}
	}
	if i >= 0 {
		return nil, hint(usage(c, "flag %q stands behind an argument", args[i]), "flags go before arguments")
	}
	if len(args) < least {
		return nil, usage(c, "expected %s, got %s", c.Command.ArgsUsage, count(len(args), "argument"))
	}
	if len(args) > most {
		return nil, usage(c, "unexpected argument %q", args[most])
	}
	return args, nil
}

// count returns "1 call", "2 calls".
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// wantsJSON tells whether --json stands anywhere on the command line.
func wantsJSON(c *cli.Context) bool {
	for _, ctx := range c.Lineage() {
		if ctx.Bool(jsonFlag.Name) {
			return true
		}
	}
	return false
}

// report is what a command has to say. It marshals to JSON, and prints itself as text.
type report interface{ text(p *printer) }

// emit prints a report in the form that was asked for.
func emit(c *cli.Context, r report) error {
	if wantsJSON(c) {
		enc := json.NewEncoder(c.App.Writer)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		return enc.Encode(r)
	}
	p := &printer{w: tabwriter.NewWriter(c.App.Writer, 0, 0, 2, ' ', 0)}
	r.text(p)
	return p.w.Flush()
}

// printer writes aligned columns.
type printer struct{ w *tabwriter.Writer }

// row prints a label and a value.
func (p *printer) row(label, format string, args ...any) {
	fmt.Fprintf(p.w, label+":\t"+format+"\n", args...)
}

// line prints text as it is; tabs separate columns.
func (p *printer) line(format string, args ...any) { fmt.Fprintf(p.w, format+"\n", args...) }
