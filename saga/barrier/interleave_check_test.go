package barrier_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/amends/amends/saga/barrier"
)

// observe reads the row, the effects and the history of k.
func (s *stage) observe(ctx context.Context, k barrier.Key) (ledger, error) {
	var got struct{ State, Outcome, Effects, History *string }
	err := s.plain.WithContext(ctx).Raw(`SELECT
		(SELECT state FROM barrier WHERE saga = @saga) AS state,
		(SELECT outcome FROM barrier WHERE saga = @saga) AS outcome,
		(SELECT string_agg(name, '; ' ORDER BY name) FROM effect WHERE saga = @saga) AS effects,
		(SELECT string_agg(state, ' ' ORDER BY id) FROM history WHERE saga = @saga) AS history`,
		sql.Named("saga", k.Saga)).Scan(&got).Error
	if err != nil {
		return ledger{}, err
	}
	text := func(s *string) string {
		if s == nil {
			return ""
		}
		return *s
	}
	var out outcome
	if recorded := text(got.Outcome); recorded != "" {
		err = json.Unmarshal([]byte(recorded), &out)
	}
	return ledger{
		state: barrier.State(text(got.State)), outcome: out.Reservation,
		effects: text(got.Effects), history: text(got.History),
	}, err
}

// open returns how many transactions of the stage have not ended.
func (s *stage) open(ctx context.Context) (n int, err error) {
	if !s.fine() {
		return 0, nil // the next run could not begin
	}
	err = s.plain.WithContext(ctx).Raw(
		"SELECT count(*) FROM pg_stat_activity WHERE pid IN ? AND state <> 'idle'", s.pids).Scan(&n).Error
	return n, err
}

// moves are the legal steps of a row; it begins with nothing.
var moves = map[barrier.State][]barrier.State{
	nothing:        {barrier.Intent, barrier.Refused, barrier.Blocked},
	barrier.Intent: {barrier.Done, barrier.Refused, barrier.Undone, barrier.Blocked},
	barrier.Done:   {barrier.Undone},
}

// violated returns the promise that a run of effects inside the database has
// broken, or "". It checks the package's guarantees one by one; [explains] checks
// them as a whole.
func violated(c *scene, start, end ledger) string {
	did, tookBack := strings.Count(end.effects, "do by"), strings.Count(end.effects, "undo of")
	if did > 1 || tookBack > 1 {
		return "an effect is doubled"
	}
	want := map[barrier.State][2]int{barrier.Done: {1, 0}, barrier.Undone: {1, 1}}[end.state]
	if did != want[0] || tookBack != want[1] {
		return fmt.Sprintf("it is %s, but was done %d times and undone %d times", or(end.state, "nothing"), did, tookBack)
	}
	if tookBack == 1 && !strings.Contains(end.effects, "undo of "+end.outcome+" by") {
		return "an undo took back something else"
	}
	if broken := illegal(end); broken != "" {
		return broken
	}
	return contradiction(c, start, end)
}

// illegal returns the step of a row's history that is none of its machine, or "".
func illegal(end ledger) string {
	at := nothing
	for state := range strings.FieldsSeq(end.history) {
		if !slices.Contains(moves[at], barrier.State(state)) {
			return fmt.Sprintf("it went from %s to %s", or(at, "nothing"), state)
		}
		at = barrier.State(state)
	}
	if at != end.state {
		return "a change of the row is missing in its history"
	}
	return ""
}

// contradiction checks the answers of the calls, not their effects.
func contradiction(c *scene, start, end ledger) string {
	decided := 0 // when the first undo, or settle that answered no, ended
	if start.state == barrier.Undone || start.state == barrier.Blocked {
		decided = -1
	}
	for i, a := range c.actors {
		if c.ops[i].decides || a.answer == "not happened" {
			if decided == 0 || a.to < decided {
				decided = a.to
			}
		}
	}
	for i, a := range c.actors {
		switch happened := strings.HasPrefix(a.answer, "res_"); {
		case happened && a.answer != end.outcome:
			return "one key has two answers"
		case happened && decided != 0 && a.from > decided:
			return "a call that came after the decision against it succeeded"
		case c.ops[i].late && a.answer != "suspended SUSPENDED" && end.state != barrier.Refused:
			return "a late do was not suspended"
		case a.answer == "not happened" && end.state == barrier.Done:
			return "a settle denied what is done"
		}
	}
	return ""
}

// beganAgain says whether a call took a transaction, or a statement that is one by
// itself, a second time. Retries would hide
// that calls collide instead of waiting for each other, until one has no retry left.
func (c *scene) beganAgain() bool {
	seen := map[string]bool{}
	for _, released := range c.trace {
		if (strings.HasSuffix(released, ":BEGIN") || strings.HasSuffix(released, alone)) && seen[released] {
			return true
		}
		seen[released] = true
	}
	return false
}

// audit checks everything that a run must have left.
func (c *scene) audit(ctx context.Context, k barrier.Key, start ledger, promises func(c *scene, start, end ledger) string) error {
	end, err := c.observe(ctx, k)
	if err != nil {
		return err
	}
	open, err := c.open(ctx)
	if err != nil {
		return err
	}
	broken := promises(c, start, end)
	switch {
	case open > 0:
		broken = "a transaction is still open"
	case broken == "" && c.beganAgain():
		broken = "a call lost a race and had to begin again: calls of one key queue"
	case broken == "" && !explains(start, c, end):
		broken = "no order of the calls explains it"
	}
	if broken == "" {
		return nil
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n%s: %s\nstart: %+v\nend:   %+v\n", broken, k, c, start, end)
	for i, a := range c.actors {
		fmt.Fprintf(&b, "%s: %s, steps %d to %d: %s\n", a.name, c.ops[i], a.from, a.to, a.answer)
	}
	return errors.New(b.String())
}
