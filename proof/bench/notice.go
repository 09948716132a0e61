package main

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/amends/amends/proof/bench/report"
	"github.com/amends/amends/proof/bench/rig"
	"github.com/amends/amends/services/order"
)

// alarms are metrics of the order service's worker by which an alert finds that the payment
// service does not run. Of an orchestrated order there are two, and the first counts.
var alarms = map[order.Style]*regexp.Regexp{
	order.Orchestrated:  regexp.MustCompile(`(?m)^(amends_orders_stuck\{cause="[a-z_]+"\} [1-9]|amends_queue_without_worker\{queue="amends-payment"\} 1)`),
	order.Choreographed: regexp.MustCompile(`(?m)^amends_events_unheard_seconds\{group="payment"\} ([6-9][0-9]|[1-9][0-9]{2,})(\.|$)`),
}

// mostNotice bounds the wait for an alarm.
const mostNotice = 5 * time.Minute

// noticed is an alarm, and the time from the placement of an order until it.
type noticed struct {
	style order.Style
	alarm string
	after time.Duration
}

// notices measures how each style notices that the payment service's worker does not run.
// It leaves an undecided order of each.
func (s *styles) notices(ctx context.Context, m *meter) (all []noticed, err error) {
	p := m.rig.Platform()
	p.Layout = rig.Split
	for _, style := range both {
		if err := m.rig.Change(ctx, p); err != nil {
			return nil, err
		}
		if err := m.rig.StopPart(rig.Worker + "-payment"); err != nil {
			return nil, err
		}
		fmt.Fprintf(m.say, "%s: waiting until a stopped service is noticed\n", style)
		began := time.Now()
		placing, enough := context.WithCancel(ctx)
		placed := make(chan struct{})
		go func() {
			defer close(placed)
			// It cannot be decided, so its error says nothing.
			_, _ = styled(m.rig, rig.Split, style).run(placing, work{concurrency: 1, orders: 1, seed: s.seed}, func() {})
		}()
		alarm, err := m.rig.Alarm(ctx, rig.Worker+"-order", alarms[style], mostNotice)
		all = append(all, noticed{style, alarm, time.Since(began)})
		enough()
		<-placed
		if err != nil {
			return nil, fmt.Errorf("%s: %w", style, err)
		}
	}
	return all, nil
}

// noticedTable has the times.
func noticedTable(all []noticed) *report.Table {
	t := report.NewTable("style", "alarm", "s")
	for _, n := range all {
		metric, _, _ := strings.Cut(n.alarm, "} ")
		t.Row(string(n.style), "`"+metric+"}`", fmt.Sprintf("%.0f", n.after.Seconds()))
	}
	return t
}

// judgeNotice judges the time of the choreographed style, in which nothing fails where a
// service does not listen.
func judgeNotice(all []noticed) (aims []report.Aim) {
	for _, n := range all {
		if n.style == order.Choreographed {
			aims = append(aims, report.Noticed(n.after.Seconds()))
		}
	}
	return aims
}
