package show_test

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/internal/show"
)

const order = "0745e5c6-e86f-813c-8fbf-1c5dad8202d4"

// listing is a table like those of the commands.
func listing() *show.Table {
	t := show.NewTable(
		show.OrderID("Order"), show.Text("Status"), show.Moment("Since"), show.Text("Step").Dispensable(1),
		show.Prose("Why"), show.Number("Attempts").Dispensable(2), show.Prose("Reference"),
	)
	at := time.Date(2026, 1, 2, 3, 4, 5, 6_000_000, time.UTC)
	t.Row(order, show.State("PENDING"), show.Stamp(at), "payment.authorize", "the payment provider gave no answer, so it is not known whether the money is held", 12, "")
	t.Row("o2", show.State("CONFIRMED"), show.Stamp(time.Time{}), "shipping.book", "short", 1, "")
	return t
}

// on returns a screen of a width and what is shown on it.
func on(width int) (show.Screen, *bytes.Buffer) {
	var b bytes.Buffer
	return show.Screen{Writer: &b, Notes: &b, Width: width}, &b
}

func TestATableFitsEveryTerminal(t *testing.T) {
	t.Parallel()
	for width := 20; width <= 200; width++ {
		s, out := on(width)
		require.NoError(t, s.Tables(listing()))
		for line := range strings.Lines(out.String()) {
			require.LessOrEqual(t, utf8.RuneCountInString(strings.TrimRight(line, "\n")), width, "%d:\n%s", width, out)
		}
	}
}

func TestATableUsesTheWidthThereIs(t *testing.T) {
	t.Parallel()
	s, out := on(200)
	require.NoError(t, s.Tables(listing()))
	require.Contains(t, out.String(), "│ the payment provider gave no answer, so it is not known whether the money is held │")
	require.Contains(t, out.String(), order)
	require.Equal(t, 4, strings.Count(out.String(), "\n"), "nothing wraps")
	require.NotContains(t, out.String(), "REFERENCE", "no row has one")
	require.NotContains(t, out.String(), "without")
}

func TestANarrowTableGivesWayByImportance(t *testing.T) {
	t.Parallel()
	s, out := on(120)
	require.NoError(t, s.Tables(listing()))
	require.NotContains(t, out.String(), "without", "prose wraps first")
	require.Contains(t, out.String(), " PENDING ")

	s, out = on(80)
	require.NoError(t, s.Tables(listing()))
	require.Contains(t, out.String(), " "+order[:8]+" │", "an id is cut to a prefix that commands take")
	require.NotContains(t, out.String(), order)
	require.Contains(t, out.String(), "without Attempts", "then columns are left out, which is said")

	s, out = on(60)
	require.NoError(t, s.Tables(listing()))
	require.Contains(t, out.String(), "without Attempts, Step")
	require.Contains(t, out.String(), "provider", "the reason stays")
}

func TestAPipeGetsTabSeparatedValues(t *testing.T) {
	t.Parallel()
	s, out := on(0)
	odd := show.NewTable(show.Text("Name"), show.Prose("Why"))
	odd.Row("a\tb", "two\nlines \x1b[31mred\u202e")
	require.NoError(t, s.Tables(listing(), show.Pairs(), odd))
	require.Equal(t, "Order\tStatus\tSince\tStep\tWhy\tAttempts\tReference\n"+
		order+"\tPENDING\t2026-01-02 03:04:05.006Z\tpayment.authorize\tthe payment provider gave no answer, so it is not known whether the money is held\t12\t\n"+
		"o2\tCONFIRMED\t\tshipping.book\tshort\t1\t\n"+
		"\nName\tWhy\na\\tb\ttwo lines \\x1b[31mred\\u202e\n", out.String())
}

func TestPairsHaveNoHeader(t *testing.T) {
	t.Parallel()
	s, out := on(40)
	p := show.Pairs()
	p.Row("Order", order)
	p.Row("Why", "a sentence that is longer than the terminal is wide")
	require.NoError(t, s.Tables(p))
	require.Equal(t, " Order │ 0745e5c6-e86f-813c-8fbf-1c5dad\n       │ 8202d4\n Why   │ a sentence that is longer than\n       │ the terminal is wide\n", out.String())
}

func TestStatesHaveTheirColor(t *testing.T) {
	t.Parallel()
	s, out := on(200)
	require.NoError(t, s.Tables(listing()))
	require.NotContains(t, out.String(), "\x1b")
	s.Color = true
	require.NoError(t, s.Tables(listing()))
	require.Contains(t, out.String(), "\x1b[33mPENDING\x1b[0m")
	require.Contains(t, out.String(), "\x1b[32mCONFIRMED\x1b[0m")
}

func TestAPipeIsNoTerminal(t *testing.T) {
	t.Parallel()
	var out, errs bytes.Buffer
	s := show.On(&out, &errs, nil, show.Auto)
	require.Zero(t, s.Width)
	require.False(t, s.Color)
	require.True(t, show.On(io.Discard, io.Discard, []string{"NO_COLOR=1"}, show.Always).Color, "a flag is more than the environment")
	require.NoError(t, s.Note("%d more", 3))
	require.Empty(t, out.String(), "a script reads the table and nothing else")
	require.Equal(t, "3 more\n", errs.String())
}
