//go:build whole

package oncall_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/proof/wait"
	"github.com/amends/amends/proof/whole"
)

const (
	// patience bounds every wait, and between is the pause of a person who repeats a command.
	patience = 5 * time.Minute
	between  = 500 * time.Millisecond
)

// The commands that a person begins with.
var (
	list   = []string{"order", "list", "--needs-attention"}
	doctor = []string{"doctor", "--dry-run"}
)

// shift is one fault from its plant to its end.
type shift struct {
	*whole.Platform

	wrong string // in words
	order string // its id; the table has $ORDER instead

	planted, repaired time.Time
	// named is the time from the plant to the first output that names all of it, and well
	// that from the last repair to its effect.
	named, well time.Duration

	seen, made []run
	says       []string
}

// run is a command, and how long it took.
type run struct {
	command string
	took    time.Duration
}

// plant begins the fault.
func (s *shift) plant(f func()) {
	s.planted = time.Now()
	f()
}

// place places the order that the fault meets.
func (s *shift) place(t *testing.T, place func() (string, error)) {
	t.Helper()
	var err error
	s.order, err = place()
	require.NoError(t, err)
}

// try runs a command once.
func (s *shift) try(t *testing.T, args ...string) (out string, code int, r run) {
	t.Helper()
	began := time.Now()
	out, code = s.Command(t.Context(), args...)
	return out, code, run{s.typed(args), time.Since(began)}
}

// typed returns a command as a person types it.
func (s *shift) typed(args []string) string {
	words := make([]string, len(args))
	for i, a := range args {
		if words[i] = a; strings.Contains(a, " ") {
			words[i] = "'" + a + "'"
		}
	}
	return s.anonymous("amends " + strings.Join(words, " "))
}

func (s *shift) anonymous(text string) string {
	if s.order == "" {
		return text
	}
	return strings.ReplaceAll(text, s.order, "$ORDER")
}

// repeat runs a command until its output has all words, and its exit code is wanted; -1 is any.
func (s *shift) repeat(t *testing.T, code int, words []string, args ...string) run {
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		out, got, r := s.try(t, args...)
		missing := lacks(out, words)
		if missing == "" && (code < 0 || code == got) {
			return r
		}
		require.True(t, time.Now().Before(deadline), "%s: %s: never %q, exit code %d:\n%s", s.wrong, r.command, missing, got, out)
		require.NoError(t, wait.For(t.Context(), between))
	}
}

// lacks returns the first word that a text does not have, "" if it has all.
func lacks(text string, words []string) string {
	for _, w := range words {
		if !strings.Contains(text, w) {
			return w
		}
	}
	return ""
}

// notices repeats a command until it names all.
func (s *shift) notices(t *testing.T, args []string, words ...string) {
	t.Helper()
	s.seen = append(s.seen, s.repeat(t, -1, words, args...))
	s.named = time.Since(s.planted)
	s.says = append(s.says, words...)
}

// finds runs a command that tells more, once.
func (s *shift) finds(t *testing.T, code int, args []string, words ...string) {
	t.Helper()
	out, got, r := s.try(t, args...)
	require.Empty(t, lacks(out, words), "%s: %s", r.command, out)
	require.Equal(t, code, got, "%s: %s", r.command, out)
	s.seen = append(s.seen, r)
}

// repairs runs a command until it succeeds: a step that is still tried cannot be given up.
func (s *shift) repairs(t *testing.T, args []string, words ...string) {
	t.Helper()
	s.made = append(s.made, s.repeat(t, 0, words, args...))
	s.repaired = time.Now()
}

// restarts starts a process again.
func (s *shift) restarts(t *testing.T, name string) {
	t.Helper()
	began := time.Now()
	s.Parts[name].Start(t)
	s.Ready(t, name)
	s.made = append(s.made, run{"amends worker " + name, time.Since(began)})
	s.repaired = time.Now()
}

// isWell repeats a command until it says so.
func (s *shift) isWell(t *testing.T, args []string, words ...string) {
	t.Helper()
	s.repeat(t, -1, words, args...)
	s.well = time.Since(s.repaired)
}

// reaches waits until the order has a step in a state.
func (s *shift) reaches(t *testing.T, step, state string) {
	t.Helper()
	s.repeat(t, 0, []string{step + "\t" + state}, "order", "show", s.order)
}

// line returns the shift as a row of the table.
func (s *shift) line() string {
	var says []string
	for _, w := range s.says {
		if w != s.order {
			says = append(says, strings.ReplaceAll(s.anonymous(w), "|", "\\|"))
		}
	}
	named, well := seconds(s.named), seconds(s.well)
	if len(s.made) == 0 {
		well = "—"
	}
	return fmt.Sprintf("| %s | %s | %s | %s | %s | %s |\n", s.wrong, named, typed(s.seen), strings.Join(says, " · "), typed(s.made), well)
}

func typed(all []run) string {
	var words []string
	for _, r := range all {
		words = append(words, fmt.Sprintf("`%s` %s", r.command, seconds(r.took)))
	}
	if len(words) == 0 {
		return "—"
	}
	return strings.Join(words, "<br>")
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) }
