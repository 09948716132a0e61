package choreography_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/event"
	"github.com/amends/amends/event/choreography"
	"github.com/amends/amends/fault"
)

type note struct {
	N int `json:"n"`
}

func fact(service, name string) event.Fact[note] {
	return event.Declare[note](event.Declaration{Service: service, Name: name, Version: 1, Key: "order"})
}

var (
	asked   = fact("shop", "asked")
	taken   = fact("till", "taken")
	refused = fact("till", "refused")
	ended   = fact("shop", "ended")
)

func to(facts ...event.Fact[note]) (all []event.Declaration) {
	for _, f := range facts {
		all = append(all, f.Declaration)
	}
	return all
}

func on(group string, f event.Fact[note], tells ...event.Fact[note]) choreography.Reaction[note] {
	return choreography.Reaction[note]{Group: group, On: f, Calls: group + ".act", Tells: to(tells...)}
}

// graph returns a graph that is whole, and more links.
func graph(more ...choreography.Link) choreography.Graph {
	return choreography.Graph{
		Begins: to(asked), Ends: to(ended),
		Links: append([]choreography.Link{
			on("till", asked, taken, refused).Link(), on("shop", taken, ended).Link(), on("shop", refused, ended).Link(),
		}, more...),
	}
}

func TestCheckFindsWhereASagaStandsStill(t *testing.T) {
	t.Parallel()
	require.NoError(t, graph().Check())
	lost, back := fact("till", "lost"), fact("store", "back")
	stranger := on("store", asked, ended).Link()
	stranger.Calls = "till.act"
	for name, c := range map[string]struct {
		graph choreography.Graph
		want  string
	}{
		"AFactThatNoGroupHears": {graph(on("store", asked, back).Link()), "store.back is told, and no group hears it"},
		"AFactThatIsNeverTold":  {graph(on("store", lost, ended).Link()), "store hears till.lost, which is never told"},
		"ACircle": {
			graph(on("store", asked, back).Link(), on("till", back, lost).Link(), on("store", lost, back).Link()),
			"store.back leads to no end of the saga: store.back → till.lost → store.back\n" +
				"till.lost leads to no end of the saga: till.lost → store.back → till.lost",
		},
		"ADeadEnd": {
			graph(on("store", asked, back).Link(), on("till", back).Link()), "store.back leads to no end of the saga",
		},
		"TwoReactionsOfAGroup": {graph(on("till", asked, taken).Link()), "till hears shop.asked twice"},
		"AnotherService":       {graph(stranger), "store calls till.act, which is not its own"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.EqualError(t, c.graph.Check(), c.want)
		})
	}

	// A circle with a way out is none: it may go round before it ends.
	require.NoError(t, graph(on("store", refused, back).Link(), on("till", back, taken, refused).Link()).Check())
}

func TestMermaidDrawsTheGraph(t *testing.T) {
	t.Parallel()
	urgent := fact("shop", "stopped")
	urgent.Urgent = true
	r := on("till", urgent, refused)
	r.If = "it is open"
	g := graph(r.Link())
	g.Begins = append(g.Begins, urgent.Declaration)
	require.Equal(t, `flowchart TD
    shop_asked(["shop.asked"])
    shop_stopped{{"shop.stopped"}}
    shop_ended((("shop.ended")))
    till_taken(["till.taken"])
    till_refused(["till.refused"])
    shop_asked_till["till.act"]
    shop_asked --> shop_asked_till
    shop_asked_till --> till_taken & till_refused
    till_taken_shop["shop.act"]
    till_taken --> till_taken_shop
    till_taken_shop --> shop_ended
    till_refused_shop["shop.act"]
    till_refused --> till_refused_shop
    till_refused_shop --> shop_ended
    shop_stopped_till["till.act<br>it is open"]
    shop_stopped --> shop_stopped_till
    shop_stopped_till --> till_refused
`, g.Mermaid())
}

func TestAListenerReacts(t *testing.T) {
	t.Parallel()
	var got []string
	l := choreography.Listen("till", "ours")
	choreography.React(l, on("till", asked), func(_ context.Context, saga string, data note) error {
		require.Equal(t, 7, data.N)
		got = append(got, saga)
		return nil
	})
	listener := l.Listener()
	require.Equal(t, event.Listener{Group: "till", Style: "ours", Facts: to(asked)}, event.Listener{
		Group: listener.Group, Style: listener.Style, Facts: listener.Facts,
	})
	hear := func(f event.Fact[note], saga, style string, hops int) error {
		e := f.New("key", saga, note{7})
		e.ID, e.Style, e.Hops = "1", style, hops
		return listener.Handle(t.Context(), e)
	}

	require.NoError(t, hear(asked, "a", "ours", 0))
	require.NoError(t, hear(asked, "b", "ours", choreography.MaxHops))
	require.NoError(t, hear(asked, "c", "", 0), "a workflow's")
	require.NoError(t, hear(taken, "c", "theirs", 0))
	for name, c := range map[string]struct {
		err  error
		code fault.Code
	}{
		"GoesRoundInACircle": {hear(asked, "d", "ours", choreography.MaxHops+1), choreography.TooManyHops},
		"OfNoSaga":           {hear(asked, "", "ours", 0), fault.Invalid},
		"NotBound":           {hear(taken, "e", "ours", 0), fault.Invalid},
	} {
		require.Equal(t, fault.Bug, fault.KindOf(c.err), name)
		require.Equal(t, c.code, fault.CodeOf(c.err), name)
	}
	bad := asked.New("key", "f", note{})
	bad.Style, bad.Data = "ours", []byte(`"text"`)
	require.Equal(t, fault.Bug, fault.KindOf(listener.Handle(t.Context(), bad)))
	require.Equal(t, []string{"a", "b"}, got)

	require.Panics(t, func() { choreography.React(l, on("till", asked), nil) }, "a second time")
	require.Panics(t, func() { choreography.React(l, on("shop", taken), nil) }, "another group's")
}
