// Package doctor has the command `amends doctor`, which compares the records of
// all services with every order and prints the report.
package doctor

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/spf13/cobra"

	"github.com/amends/amends/cmd/amends/internal/cli"
	"github.com/amends/amends/internal/config"
	"github.com/amends/amends/internal/doctor"
	"github.com/amends/amends/internal/engine/clock"
	"github.com/amends/amends/internal/show"
	"github.com/amends/amends/internal/show/doctorreport"
)

// Exit codes of `amends doctor`, for monitors and scripts.
const (
	ExitWrong  = 1 // findings that were not repaired, or a service did not answer
	ExitNotRun = 2 // there is no report
)

// doctorFlags holds the flags that only this command has.
type doctorFlags struct {
	json, dryRun, last bool
	grace, pause       time.Duration
	rate, atMost       int
}

// Command returns `amends doctor`.
func Command(std cli.Stdio) *cobra.Command {
	var flags doctorFlags
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Compare the records of all services with every order, and repair what can be repaired",
		Long: "Compare the records of all services, their external systems and the engine with every order, and resume\n" +
			"sagas whose workflow has ended too early. Exit code 0: nothing is wrong, or every finding was repaired;\n" +
			"1: something is wrong, or a service did not answer; 2: the doctor could not run. docs/doctor.md explains\n" +
			"the findings.",
		Args: func(cmd *cobra.Command, args []string) error { return notRun(cobra.NoArgs(cmd, args)) },
		RunE: func(cmd *cobra.Command, _ []string) error { return diagnoseAndPrint(cmd, std, flags) },
	}
	cmd.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error { return notRun(cli.FlagError(cmd, err)) })
	f := cmd.Flags()
	f.BoolVar(&flags.json, "json", false, "print the whole report as JSON")
	f.BoolVar(&flags.dryRun, "dry-run", false, "repair nothing")
	f.BoolVar(&flags.last, "last", false, "print the last report of the schedule instead of a new one")
	f.DurationVar(&flags.grace, "grace", 0, "judge orders this long after their decide-by time (default doctor.grace)")
	f.DurationVar(&flags.pause, "pause", 0, "time before the second look, which confirms findings (default doctor.pause)")
	f.IntVar(&flags.rate, "rate", 0, "most orders per second; 0 is no limit (default doctor.rate)")
	f.IntVar(&flags.atMost, "at-most", 0, "repair nothing if there are more findings of one kind (default 10, or 1 % of the orders judged)")
	cli.AddEngineFlags(cmd)
	config.AddFlags(cmd.Flags(), "data_dir")
	return cmd
}

// check returns all problems of the flags; given reports whether a flag is set.
func (f doctorFlags) check(given func(name string) bool) error {
	var problems []error
	add := func(bad bool, format string, args ...any) {
		if bad {
			problems = append(problems, fmt.Errorf("doctor: "+format, args...))
		}
	}
	add(f.grace < 0, "--grace must be at least 0, is %s", f.grace)
	add(f.pause < 0, "--pause must be at least 0, is %s", f.pause)
	add(f.rate < 0, "--rate must be at least 0 (no limit), is %d", f.rate)
	add(given("at-most") && f.atMost < 1, "--at-most must be at least 1, is %d", f.atMost)
	for _, name := range []string{"dry-run", "grace", "pause", "rate", "at-most"} {
		add(f.last && given(name), "--last prints a past report, so it does not go with --%s", name)
	}
	return errors.Join(problems...)
}

// notRun gives err the exit code [ExitNotRun]; nil stays nil.
func notRun(err error) error { return cli.WithCode(err, ExitNotRun) }

// diagnoseAndPrint prints the report of a new run, or of the schedule's last one.
func diagnoseAndPrint(cmd *cobra.Command, std cli.Stdio, flags doctorFlags) error {
	if err := flags.check(cmd.Flags().Changed); err != nil {
		return notRun(err)
	}
	past, now, err := diagnose(cmd, std, flags)
	if err != nil {
		return notRun(err)
	}
	report, age := past.Report, ""
	if flags.last {
		age = doctorreport.Age(now.Sub(report.Ended))
		if why := past.Late(now); why != "" {
			fmt.Fprintf(std.Err, "this report is %s old, and the schedule's interval is %s: %s\n", age, past.Every, why)
		}
	}
	if flags.json {
		err = show.JSON(std.Out, report)
	} else {
		err = doctorreport.Write(std.Screen(cmd), report, age)
	}
	switch {
	case err != nil:
		return notRun(err)
	case !report.OK:
		return cli.WithCode(errors.New("the doctor: "+doctorreport.Summary(report)), ExitWrong)
	}
	return nil
}

// diagnose returns the report of a new run, or of the schedule's last one with the
// engine's present time.
func diagnose(cmd *cobra.Command, std cli.Stdio, flags doctorFlags) (past doctor.Past, now time.Time, err error) {
	c, err := std.LoadTool(cmd, config.Needs{Temporal: true})
	if err != nil {
		return past, now, err
	}
	input := cli.DoctorInput(c)
	input.DryRun, input.AtMost = flags.dryRun, flags.atMost // flags only: the schedule's settings must not decide for the caller
	if cmd.Flags().Changed("grace") {
		input.Grace = max(flags.grace, time.Nanosecond) // 0 would mean the default
	}
	if cmd.Flags().Changed("pause") {
		input.Pause = max(flags.pause, time.Nanosecond)
	}
	if cmd.Flags().Changed("rate") {
		input.Rate = flags.rate
	}
	client, err := std.Dial(c, slog.New(slog.DiscardHandler), nil)
	if err != nil {
		return past, now, err
	}
	defer client.Close()
	if err := client.Check(cmd.Context()); err != nil {
		return past, now, err
	}
	queue := c.Services.Queues()["order"]
	if !flags.last {
		past.Report, err = doctor.Run(cmd.Context(), client.Client, queue, input)
		return past, now, err
	}
	past, found, err := doctor.Last(cmd.Context(), client.Client, queue)
	if err == nil && !found {
		err = errors.New("the schedule has no run that has ended; is doctor.every 0, or is there no worker of the order service?")
	}
	if err != nil {
		return past, now, err
	}
	now, err = clock.Now(cmd.Context(), client)
	return past, now, err
}
