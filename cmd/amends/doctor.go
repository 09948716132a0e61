package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/amends/amends/internal/config"
	"github.com/amends/amends/internal/doctor"
	doctorflow "github.com/amends/amends/workflows/doctor"
)

// Exit codes of `amends doctor`, for monitors and scripts.
const (
	exitWrong  = 1 // something is wrong, or could not be asked
	exitNotRun = 2 // nothing can be said
)

// exit is an error with an exit code of its own.
type exit struct {
	error

	code int
}

func (e exit) Unwrap() error { return e.error }

// exitCode is the code that a process ends with because of err.
func exitCode(err error) int {
	if e, ok := errors.AsType[exit](err); ok {
		return e.code
	}
	return 1
}

// doctorFlags are those of the command only.
type doctorFlags struct {
	json, dryRun, last bool
	grace, pause       time.Duration
	rate, atMost       int
}

func doctorCommand(std stdio) *cobra.Command {
	var flags doctorFlags
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Compare what every service has with every order, and repair what can be",
		Long: "Compare what every service, the payment provider, the carrier and the engine have with every order,\n" +
			"and resume the sagas that nobody works on any more. Exit code 0: nothing is wrong (any more),\n" +
			"1: something is, or a service did not answer, 2: the doctor could not run. docs/doctor.md says what each\n" +
			"finding means.",
		Args: func(cmd *cobra.Command, args []string) error { return notRun(cobra.NoArgs(cmd, args)) },
		RunE: func(cmd *cobra.Command, _ []string) error { return std.doctor(cmd, flags) },
	}
	cmd.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return notRun(err) })
	f := cmd.Flags()
	f.BoolVar(&flags.json, "json", false, "print the whole report as JSON")
	f.BoolVar(&flags.dryRun, "dry-run", false, "repair nothing")
	f.BoolVar(&flags.last, "last", false, "print the last report of the schedule instead of looking now")
	f.DurationVar(&flags.grace, "grace", 0, "how long after its decide-by an order is judged (default doctor.grace)")
	f.DurationVar(&flags.pause, "pause", 0, "how long until the second look (default doctor.pause)")
	f.IntVar(&flags.rate, "rate", 0, "orders per second at most (default doctor.rate)")
	f.IntVar(&flags.atMost, "at-most", 0, "repair if there are not more findings of one kind (default 10, or 1 % of the orders judged)")
	config.AddFlags(f, engineKeys...)
	return cmd
}

// check refuses what the flags that were given cannot mean, every problem at once.
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
		add(f.last && given(name), "--last looks at nothing now, so it goes without --%s", name)
	}
	return errors.Join(problems...)
}

func notRun(err error) error {
	if err == nil {
		return nil
	}
	return exit{err, exitNotRun}
}

// doctor looks, or reads what the schedule's last run saw, and prints it.
func (std stdio) doctor(cmd *cobra.Command, flags doctorFlags) error {
	if err := flags.check(cmd.Flags().Changed); err != nil {
		return notRun(err)
	}
	past, err := std.diagnose(cmd, flags)
	if err != nil {
		return notRun(err)
	}
	report, age := past.Report, ""
	if flags.last {
		now := time.Now()
		age = ageInWords(now.Sub(report.Ended))
		if why := past.Late(now); why != "" {
			fmt.Fprintf(std.err, "this report is %s old, and the schedule's interval is %s: %s\n", age, past.Every, why)
		}
	}
	if flags.json {
		err = writeJSON(std.out, report)
	} else {
		err = renderReport(std.out, report, age)
	}
	switch {
	case err != nil:
		return notRun(err)
	case !report.OK:
		return exit{errors.New("the doctor: " + summary(report)), exitWrong}
	}
	return nil
}

// diagnose returns the report of a run, or of the schedule's last one.
func (std stdio) diagnose(cmd *cobra.Command, flags doctorFlags) (past doctor.Past, err error) {
	c, err := std.load(cmd, config.Needs{Temporal: true})
	if err != nil {
		return past, err
	}
	input := reconcileInput(c)
	input.DryRun, input.AtMost = flags.dryRun, flags.atMost // not the schedule's: who asks decides
	if cmd.Flags().Changed("grace") {
		input.Grace = max(flags.grace, time.Nanosecond) // 0 would be the default
	}
	if cmd.Flags().Changed("pause") {
		input.Pause = max(flags.pause, time.Nanosecond)
	}
	if cmd.Flags().Changed("rate") {
		input.Rate = flags.rate
	}
	client, err := std.dial(c, slog.New(slog.DiscardHandler), nil)
	if err != nil {
		return past, err
	}
	defer client.Close()
	checked, cancel := context.WithTimeout(cmd.Context(), queryTimeout)
	defer cancel()
	if err := client.Check(checked); err != nil {
		return past, err
	}
	if !flags.last {
		past.Report, err = doctor.Run(cmd.Context(), client.Client, c.Services.Queues()["order"], input)
		return past, err
	}
	past, found, err := doctor.Last(cmd.Context(), client.Client)
	if err == nil && !found {
		err = errors.New("the schedule has no run that has ended; is doctor.every 0, or does no worker of the order service run?")
	}
	return past, err
}

// reconcileInput is how the configuration wants the doctor to look.
func reconcileInput(c *config.Config) doctorflow.Input {
	return doctorflow.Input{DryRun: c.Doctor.DryRun, Grace: c.Doctor.Grace, Pause: c.Doctor.Pause, Rate: c.Doctor.Rate}
}

func writeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// summary is a report in one line.
func summary(r doctorflow.Report) string {
	found := 0
	for _, n := range r.Counts {
		found += n
	}
	parts := []string{fmt.Sprintf("%d orders judged, %d findings, %d repaired", r.Judged, found, r.Repaired)}
	for _, u := range r.Unasked {
		parts = append(parts, u.Service+" did not answer")
	}
	return strings.Join(parts, ", ")
}
