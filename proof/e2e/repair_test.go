package e2e_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/internal/engine"
	"github.com/amends/amends/proof/shoptest"
	"github.com/amends/amends/saga"
	"github.com/amends/amends/services/payment"
	"github.com/amends/amends/workflows"
)

// hasty shortens the time to a flag to seconds, and to a stuck order to nothing.
var hasty = []string{
	"AMENDS_OPERATOR_TOKENS=day=day-day-day-day-day,night=night-night-night-1",
	"AMENDS_LOCK_TIMEOUT=500ms", "AMENDS_SAGA_START_TO_CLOSE=1s", "AMENDS_SAGA_PARK_AFTER=1s",
	"AMENDS_STUCK_EVERY=200ms", "AMENDS_STUCK_YOUNG=1ms",
}

// shown waits until a process shows a metric, such as "x 1".
func shown(t *testing.T, admin, line string) {
	t.Helper()
	eventually(t, line, func() bool {
		_, metrics := fetch(t, admin+"/metrics")
		return strings.Contains(metrics, "\n"+line+"\n")
	})
}

// An order whose authorization has no answer is flagged, listed, refused the wrong
// repairs and given the right one, by the binary, as an operator uses it.
func TestAnOrderNeedsAttentionAndIsRepaired(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	environ := slices.Concat(home(dir), hasty)
	p := launch(t, environ, devArgs(dir)...)
	said := p.says(t, "Ctrl-C stops everything")
	require.Regexp(t, banner, said)
	m := banner.FindStringSubmatch(said)
	dev := shopper{m[1]}
	admin := m[3]
	address := engineOf(t, dir)
	orders := func(args ...string) string {
		return run(t, environ, append([]string{"orders", "--data-dir", dir, "--temporal-address", address}, args...)...)
	}
	require.Empty(t, orders("--needs-attention"))

	// The provider authorizes without an answer, and the customer cancels: it is
	// unknown whether money is held, so the order is neither cancelled nor
	// forgotten.
	id := dev.insist(t, "", "", demo("tok_unknown")).order.ID
	shop := shoptest.Open(t, devDSNs(dir), false)
	eventually(t, "the money is asked for", func() bool { return paying(t, shop, payment.Intent) == 1 })
	require.Equal(t, http.StatusAccepted, unhurried(t, func() reply { return dev.cancel(t, id) }).status)
	eventually(t, "the order is flagged", func() bool { return dev.get(t, id).order.NeedsAttention })
	flagged := dev.get(t, id).order
	require.Equal(t, workflows.StatusPending, flagged.Status)
	require.EqualValues(t, "unknown", flagged.Attention[0].Kind)
	require.Equal(t, "money held: 18.50 EUR", flagged.Attention[0].Owed)

	eventually(t, "the list has it", func() bool { return strings.Contains(orders("--needs-attention"), id) })
	var list struct {
		Orders []struct {
			ID        string
			Attention []struct{ Step, Reason, Owed string }
		}
	}
	require.NoError(t, json.Unmarshal([]byte(orders("--needs-attention", "--status", "PENDING", "--json")), &list))
	require.Len(t, list.Orders, 1)
	require.Equal(t, id, list.Orders[0].ID)
	require.Equal(t, "it is not known whether the money is still held: the payment provider gave no answer", list.Orders[0].Attention[0].Reason)
	shown(t, admin, "amends_orders_needing_attention 1")

	// These repairs are refused.
	operator := append(slices.Clip(environ), "AMENDS_OPERATOR_TOKEN=night-night-night-1")
	repair := func(step, action string, more ...string) []string {
		return append([]string{"repair", id, step, "--admin-addr", admin, "--action", action, "--reason", "voided by hand"}, more...)
	}
	require.Contains(t, complains(t, environ, repair("payment.authorize", "retry")...), "AMENDS_OPERATOR_TOKEN")
	require.Contains(t, complains(t, append(slices.Clip(environ), "AMENDS_OPERATOR_TOKEN=somebody-else-1234"), repair("payment.authorize", "retry")...), "UNAUTHORIZED")
	require.Contains(t, complains(t, operator, repair("inventory.reserve", "skip")...), "NOT_FLAGGED")
	require.Contains(t, complains(t, operator, repair("order.cancel", "skip")...), "CLOSING_STEP")
	require.Contains(t, complains(t, operator, repair("payment.capture", "skip")...), "PIVOT_STEP")
	require.Equal(t, http.StatusUnprocessableEntity, post(t, admin, id, `{"step": "payment.authorize", "action": "skip", "reason": "r"}`), "no reference")
	require.Equal(t, http.StatusBadRequest, post(t, admin, id, `{"step": "payment.authorize", "action": "retry", "reason": "r", "operator": "day"}`), "the token says who it is")
	show := func() (v workflows.OrderView) {
		require.NoError(t, json.Unmarshal([]byte(run(t, environ, "order", "show", id, "--json", "--temporal-address", address)), &v))
		return v
	}
	require.Empty(t, show().Repairs, "a refused repair leaves no trace")

	// A retry finds that the provider still gives no answer; the skip ends the
	// order.
	out := run(t, operator, repair("payment.authorize", "retry")...)
	require.Contains(t, out, "retry of payment.authorize: ")
	skip := repair("payment.authorize", "skip", "--reference", "case 4711")
	run(t, operator, skip...)
	require.Equal(t, cancelled, eventualDecision(t, dev, id).Status)
	v := show()
	require.Len(t, v.Waivers, 1)
	w := v.Waivers[0]
	require.Equal(t, []any{"payment.authorize", "money held: 18.50 EUR", "voided by hand", "night", "case 4711"}, []any{w.Step, w.Owed, w.Reason, w.Operator, w.Reference})
	require.Equal(t, saga.Waived, stateOf(v, "payment.authorize"))
	require.Equal(t, []saga.Action{saga.Retry, saga.Skip}, []saga.Action{v.Repairs[0].Action, v.Repairs[1].Action})
	run(t, operator, skip...) // a repeat is no second skip
	require.Len(t, show().Waivers, 1)
	requireNoOperatorIn(t, dev, id)
	require.Contains(t, complains(t, operator, repair("payment.authorize", "retry")...), "ALREADY_DECIDED")
	out = run(t, environ, "order", "show", id, "--temporal-address", address)
	for _, words := range []string{"waived", "case 4711", "night"} {
		require.Contains(t, out, words)
	}
	shown(t, admin, "amends_orders_needing_attention 0")
	require.Empty(t, orders("--needs-attention"))

	// Another order's workflow is terminated: nothing works on it any more.
	stuck := dev.insist(t, "", "", demo("tok_unknown")).order.ID
	client, err := engine.Dial(engine.Options{Address: address, Isolated: true})
	require.NoError(t, err)
	t.Cleanup(client.Close)
	eventually(t, "no order is stuck", func() bool { return orders("--stuck") == "" })
	require.NoError(t, client.TerminateWorkflow(t.Context(), workflows.WorkflowID(stuck), "", "test"))
	eventually(t, "it is stuck, and the list says why", func() bool {
		out = orders("--stuck")
		return strings.Contains(out, stuck) && strings.Contains(out, "its workflow was terminated")
	})
	shown(t, admin, `amends_orders_stuck{cause="not_running"} 1`)
}

// eventualDecision waits until the API says that an order is decided.
func eventualDecision(t *testing.T, dev shopper, id string) (v workflows.OrderView) {
	t.Helper()
	eventually(t, "the order is decided", func() bool {
		v = dev.get(t, id).order
		return v.Status != workflows.StatusPending
	})
	return v
}

// post asks for a repair as the night's operator, and returns the answer's status.
func post(t *testing.T, admin, id, body string) int {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, admin+"/v1/orders/"+id+"/repair", bytes.NewBufferString(body))
	require.NoError(t, err)
	r.Header.Set("Authorization", "Bearer night-night-night-1")
	r.Header.Set("Content-Type", "application/json")
	answer, err := browser.Do(r)
	require.NoError(t, err)
	text, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	require.Contains(t, answer.Header.Get("Content-Type"), "json", "%s", text)
	return answer.StatusCode
}
