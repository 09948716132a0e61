package main

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"

	"github.com/amends/amends/cmd/amends/internal/cli"
)

func TestBadConfiguration(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		args, env []string
		want      string
	}{
		"NoSuchCommand":    {args: []string{"devv"}, want: `unknown command "devv" for "amends"`},
		"NoSuchFlag":       {args: []string{"dev", "--port", "1"}, want: "unknown flag: --port"},
		"NearlyACommand":   {args: []string{"devv"}, want: `unknown command "devv" for "amends"; did you mean dev?` + "\nsee `amends --help`"},
		"NearlyAFlag":      {args: []string{"dev", "--http-adr", "x"}, want: "unknown flag: --http-adr; did you mean --http-addr?\nsee `amends dev --help`"},
		"NearlyASub":       {args: []string{"order", "shw"}, want: `unknown command "shw" for "amends order"; did you mean show?` + "\nsee `amends order --help`"},
		"HelpOfARequired":  {args: []string{"stock", "receive", "A", "1"}, want: "not set\nsee `amends stock receive --help`"},
		"NoSuchColor":      {args: []string{"version", "--color", "blue"}, want: `color: must be one of auto, always, never, is "blue"` + "\nsee `amends version --help`"},
		"NothingToPlace":   {args: []string{"order", "place"}, want: "order place: say with --line what is ordered, or give a file"},
		"NoSuchService":    {args: []string{"worker", "orders"}, want: `worker: there is no service "orders"; the services are order, `},
		"NoService":        {args: []string{"worker"}, want: "worker: name the services to run; the services are order, "},
		"NoSuchSubcommand": {args: []string{"order", "shw"}, want: `unknown command "shw" for "amends order"`},
		"NoOrder":          {args: []string{"order", "show"}, want: "order show needs the order's id, and nothing else: amends order show ID"},
		"NoQuantity":       {args: []string{"stock", "receive", "A"}, want: "stock receive needs a SKU and a quantity, and nothing else: amends stock receive SKU"},
		"NothingToMigrate": {args: []string{"migrate"}, want: "migrate: name services, or temporal, or give --all for every service"},
		"AllAndOne":        {args: []string{"migrate", "--all", "order"}, want: "migrate: name services, or temporal, or give --all for every service"},
		"EveryProblemOfAWorker": {
			args: []string{"worker", "order", "payment"},
			env:  []string{"AMENDS_SERVICES_ORDER_DSN=postgres://u:hunter2@db", "AMENDS_LOG_LEVEL=loud", "AMENDS_TYPO=hunter2"},
			want: "AMENDS_TYPO: unknown variable; those that begin with AMENDS_ must be keys\n" +
				`services.order.dsn: needs a database name: postgres://user:password@host:port/NAME, is "postgres://db"` + "\n" +
				"services.payment.dsn: must be set: this process opens that database\n" +
				"services.payment.provider_dsn: must be set: this process opens that database\n" +
				`log.level: must be one of debug, info, warn, error, is "loud"`,
		},
		"AnAPINeedsNoDatabase": {args: []string{"api", "--http-addr", "nowhere"}, want: `http_addr: must be host:port, is "nowhere"`},
		"NoSuchFile":           {args: []string{"api", "--config", "/nowhere.yaml"}, want: `config: "/nowhere.yaml" cannot be read: no such file or directory`},
		"NoSuchBinary":         {args: []string{"dev", "--temporal-bin", "/nowhere/temporal", "--data-dir", t.TempDir()}, want: "temporal_bin: /nowhere/temporal: no such file or directory"},
		"DevElsewhere":         {args: []string{"dev", "--temporal-address", "engine.shop.example:7233"}, want: `temporal.address: must be of this machine in ` + "`amends dev`"},
		"BadQuantity":          {args: []string{"stock", "receive", "A", "1.5", "--warehouse", "B"}, want: `quantity "1.5" is not a whole number`},
		"NoWarehouse":          {args: []string{"stock", "receive", "A", "1"}, want: `required flag(s) "warehouse" not set`},
		"NoProducts":           {args: []string{"catalog", "import", "/nowhere.json"}, want: "open /nowhere.json: no such file or directory"},
		"MistypedFolder": {
			args: []string{"stock", "receive", "A", "1", "--warehouse", "B", "--data-dir", "/nowhere"},
			want: "services.inventory.dsn: must be set, or data_dir must be that of an `amends dev` that has run: there is no /nowhere/inventory.db",
		},
		"MistypedFolderOnAServer": {
			args: []string{"stock", "receive", "A", "1", "--warehouse", "B", "--data-dir", "/nowhere", "--database-url", "postgres://u:hunter2@127.0.0.1:1/x"},
			want: "data_dir: must be that of an `amends dev` that has run with database_url: there is no /nowhere/passwords.json",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			began := time.Now()
			_, err := once(t, test.env, test.args...)
			require.ErrorContains(t, err, test.want)
			require.NotContains(t, err.Error(), "hunter2")
			require.Less(t, time.Since(began), atOnce)
		})
	}
}

func TestVersion(t *testing.T) {
	t.Parallel()
	out, err := once(t, nil, "version")
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(out, "amends "), out)
	flag, err := once(t, nil, "--version")
	require.NoError(t, err)
	require.Equal(t, out, flag)
}

func TestAFailureIsNoMistakeOfTheCommandLine(t *testing.T) {
	t.Parallel()
	_, err := once(t, nil, "stock", "show", "A", "--data-dir", "/nowhere")
	require.ErrorContains(t, err, "there is no /nowhere/inventory.db")
	require.NotContains(t, err.Error(), "--help")
}

func TestValuesAreCompleted(t *testing.T) {
	t.Parallel()
	for args, want := range map[string]string{
		"worker ":                            "payment\n",
		"order list --status ":               "CONFIRMED\n",
		"repair o --action ":                 "acknowledge\n",
		"events redrive --group ":            "notification\n",
		"version --color ":                   "always\n",
		"order place --token ":               "tok_capture_lost\n",
		"order show --data-dir /nowhere x":   ":4\n",
		"stock show --data-dir /nowhere TEA": ":4\n", // a source without an answer completes nothing
	} {
		i := strings.LastIndex(args, " ")
		out, err := once(t, nil, append(append([]string{"__complete"}, strings.Fields(args[:i])...), args[i+1:])...)
		require.NoError(t, err)
		require.Contains(t, out, want, args)
	}
}

// shell matches the first lines of shell commands in a help.
var shell = regexp.MustCompile(`(?m)^ +amends .*$`)

// fits requires that a help fits a narrow terminal.
func fits(t *testing.T, command, help string) {
	t.Helper()
	for line := range strings.Lines(help) {
		require.LessOrEqual(t, utf8.RuneCountInString(strings.TrimSuffix(line, "\n")), 80, "%s: %s", command, line)
	}
}

func TestEveryCommandHasHelp(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	var walk func(all []*cobra.Command, parent ...string)
	walk = func(all []*cobra.Command, parent ...string) {
		for _, cmd := range all {
			args := append(slices.Clip(parent), cmd.Name())
			path := strings.Join(args, " ")
			seen[path] = true
			require.NotEmpty(t, cmd.Short, path)
			out, err := once(t, nil, append(args, "--help")...)
			require.NoError(t, err)
			require.Contains(t, strings.Join(strings.Fields(out), " "), "Usage: amends "+path)
			fits(t, path, out)
			for _, command := range shell.FindAllString(cmd.Long+"\n"+cmd.Example, -1) {
				require.LessOrEqual(t, utf8.RuneCountInString(command), 80, "%s: a cut line is no command: %s", path, command)
			}
			walk(cmd.Commands(), args...)
		}
	}
	walk(commands(cli.Stdio{}))
	for _, path := range []string{"dev", "stock receive", "certs rotate", "events discard"} {
		require.True(t, seen[path], "%s is not among %v", path, seen)
	}
	for _, args := range [][]string{nil, {"completion"}, {"completion", "bash"}, {"help"}} {
		out, err := once(t, nil, append(args, "--help")...)
		require.NoError(t, err)
		fits(t, strings.Join(args, " "), out)
	}
	out, err := once(t, nil, "worker", "--help")
	require.NoError(t, err)
	require.Contains(t, out, "\n  AMENDS_SERVICES_PAYMENT_PROVIDER_DSN\n")
}
