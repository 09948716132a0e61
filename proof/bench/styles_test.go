package main

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/proof/bench/report"
	"github.com/amends/amends/services/order"
)

func TestComparesTheStylesOfAnOrder(t *testing.T) {
	t.Parallel()
	o := tiny(t, onDev)
	s := styles{comparison: comparison{
		options: o, engines: []string{onDev}, concurrency: []int{2}, layouts: []string{"joined"},
		pacing: pacing{rounds: 1, duration: time.Second, warm: 500 * time.Millisecond},
	}, source: "../.."}
	s.write, s.profile = "", t.TempDir() // its page has words of its own
	var out, say bytes.Buffer
	require.NoError(t, s.run(within(t, 15*time.Minute), &out, &say), "%s", &say)
	for _, want := range []string{"SQLite", "per order", "events told", "CPU of telling and hearing", "the broker", "shipping.book"} {
		require.Contains(t, out.String(), want)
	}
	require.Regexp(t, `orders/s +│ +[0-9.]+ +│ +[0-9.]+ +│`, out.String(), "both styles placed orders")
	require.Regexp(t, `history events +│ +1[0-9.]+ +│ +– +│`, out.String(), "one of them has workflows")
}

func TestAnAlarmIsALineOfTheMetrics(t *testing.T) {
	t.Parallel()
	for style, c := range map[order.Style]struct{ alarm, none string }{
		order.Orchestrated: {
			"x 1\namends_orders_stuck{cause=\"not_taken\"} 2\n", "amends_orders_stuck{cause=\"not_taken\"} 0\namends_queue_without_worker{queue=\"order\"} 1\n",
		},
		order.Choreographed: {
			"amends_events_unheard_seconds{group=\"payment\"} 61.5\n",
			"amends_events_unheard_seconds{group=\"payment\"} 59.9\namends_events_unheard_seconds{group=\"order\"} 600\n",
		},
	} {
		require.Regexp(t, alarms[style], c.alarm)
		require.NotRegexp(t, alarms[style], c.none)
	}
	table := noticedTable([]noticed{{order.Choreographed, `amends_events_unheard_seconds{group="payment"} 61.`, 63 * time.Second}})
	require.Contains(t, table.Markdown(), "| choreographed | `amends_events_unheard_seconds{group=\"payment\"}` | 63 |")
}

func TestAListenerThatHasStoppedIsToBeNamedSoon(t *testing.T) {
	t.Parallel()
	all := []noticed{{order.Orchestrated, "", 10 * time.Minute}, {order.Choreographed, "", 90 * time.Second}}
	aims := judgeNotice(all)
	require.Len(t, aims, 1)
	require.True(t, aims[0].Met, aims[0])
	all[1].after += time.Second
	require.False(t, judgeNotice(all)[0].Met)
}

func TestAimsOfAChoreographedOrder(t *testing.T) {
	t.Parallel()
	orchestrated := report.Series{{report.OrdersPerSecond: 50}}
	aims := report.Choreographed(orchestrated, report.Series{{report.OrdersPerSecond: 60, report.Coordination: 15.1}}, report.Series{{report.DecidedP50: 79}})
	var met []bool
	for _, a := range aims {
		met = append(met, a.Met)
	}
	require.Equal(t, []bool{true, true, false}, met)
}
