package choreography_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/event"
	"github.com/amends/amends/event/choreography"
	"github.com/amends/amends/event/report"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga/key"
)

var (
	declared []event.Declaration
	ofTill   = report.Declare("till", &declared)
	ofShop   = report.Declare("shop", &declared)
)

// reporting returns a graph whose till reports trouble to the shop.
func reporting() choreography.Graph {
	undo := on("till", refused, ended)
	undo.Calls, undo.Step, undo.Owes = "till.undo", "till.act", "money held"
	take := on("till", asked, taken, refused)
	take.Abortable = true
	note := func(f event.Declaration) choreography.Link {
		return choreography.Link{Group: "shop", On: f, Calls: "shop.note"}
	}
	return choreography.Graph{
		Begins: to(asked), Ends: to(ended), Reports: []report.Facts{ofTill},
		Links: []choreography.Link{
			take.Link(), on("shop", taken, ended).Link(), undo.Link(),
			{Group: "shop", On: ofTill.Failed.Declaration, Calls: "shop.object", Tells: to(ended)},
			note(ofTill.Stuck.Declaration), note(ofTill.Recovered.Declaration),
		},
	}
}

func TestReportsAreHeardAndLeadNowhere(t *testing.T) {
	t.Parallel()
	require.NoError(t, reporting().Check())
	require.Contains(t, reporting().Mermaid(), `
    shop_asked_till --> till_taken & till_refused & till_failed
`)
	require.Contains(t, reporting().Mermaid(), `
    shop_note["shop.note"]
    till_stuck & till_recovered --> shop_note
`)
	deaf := reporting()
	deaf.Links = deaf.Links[:4]
	require.EqualError(t, deaf.Check(), "till.recovered is told, and no group hears it\ntill.stuck is told, and no group hears it")
	mute := reporting()
	mute.Reports, mute.Links = nil, mute.Links[:3]
	require.EqualError(t, mute.Check(), "till cannot report that till.act has failed")
	lost := reporting()
	lost.Links[3].Tells = nil
	require.EqualError(t, lost.Check(), "till.failed leads to no end of the saga")
}

func TestAGroupReportsItsTrouble(t *testing.T) {
	t.Parallel()
	g, since := reporting(), time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	bug := event.Trouble{State: event.Broken, Kind: fault.Bug, Code: fault.Mismatch, Since: since}
	stuck := event.Trouble{State: event.Stuck, Kind: fault.Unknown, Code: "LOST", Since: since}
	over := event.Trouble{State: event.Recovered}
	act := key.New("a", "till.act")

	do, undo := asked.New("k", "a", note{}), refused.New("k", "a", note{})
	require.Equal(t, []event.Event{ofTill.Failed.New("k", "a", report.Failure{Key: act, Code: fault.Mismatch})}, g.Report("till", do, bug))
	require.Equal(t, []event.Event{
		ofTill.Stuck.New("k", "a", report.Stall{Key: act, Call: "till.undo", Code: "LOST", Kind: fault.Unknown, Owed: "money held", Since: since}),
	}, g.Report("till", undo, stuck))
	require.Equal(t, []event.Event{ofTill.Recovered.New("k", "a", report.Recovery{Key: act, Call: "till.act"})}, g.Report("till", do, over))

	circle := bug
	circle.Code = choreography.TooManyHops
	for name, told := range map[string][]event.Event{
		"ABugOfAnUndo":     g.Report("till", undo, bug),
		"ACircle":          g.Report("till", do, circle),
		"AnotherGroup":     g.Report("store", do, stuck),
		"AGroupThatIsMute": g.Report("shop", taken.New("k", "a", note{}), stuck),
		"NoReaction":       g.Report("till", ended.New("k", "a", note{}), stuck),
		"NoSaga":           g.Report("till", asked.New("k", "", note{}), stuck),
	} {
		require.Empty(t, told, name)
	}
	// A report of a report would go on for ever.
	g.Reports = append(g.Reports, ofShop)
	require.Empty(t, g.Report("shop", ofTill.Stuck.New("k", "a", report.Stall{}), bug))
	require.NotEmpty(t, g.Report("shop", taken.New("k", "a", note{}), stuck))
}

// The report of a circle is heard, although it is part of it.
func TestAReportMayHaveAnyHops(t *testing.T) {
	t.Parallel()
	l := choreography.Listen("shop", "ours")
	var heard []string
	note := choreography.Reaction[report.Stall]{Group: "shop", On: ofTill.Stuck, Calls: "shop.note"}
	choreography.React(l, note, func(_ context.Context, saga string, d report.Stall) error {
		heard = append(heard, saga+" "+d.Call)
		return nil
	})
	e := ofTill.Stuck.New("k", "a", report.Stall{Call: "till.act"})
	e.Style, e.Hops = "ours", choreography.MaxHops+1
	require.NoError(t, l.Listener().Handle(t.Context(), e))
	require.Equal(t, []string{"a till.act"}, heard)
}
