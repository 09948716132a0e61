package e2e_test

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/api"
	"github.com/amends/amends/api/operator"
	"github.com/amends/amends/internal/replay"
	"github.com/amends/amends/proof/shoptest"
	"github.com/amends/amends/saga"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/saga/ledger"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/workflows"
)

// adminOf serves a platform's admin address.
func (p *platform) adminOf(t *testing.T) string {
	t.Helper()
	c := api.DefaultConfig()
	c.GuestSecret = guestSecret
	c.Orders.Queue = p.queues["order"]
	a, err := api.New(c, server.Client, api.WithLogger(slog.New(slog.DiscardHandler)))
	require.NoError(t, err)
	h := httptest.NewServer(api.NewAdmin(api.Admin{
		Repairs: a, Operators: []operator.Operator{{Name: "night", Secret: "night-night-night-1"}}, Logger: slog.New(slog.DiscardHandler),
	}))
	t.Cleanup(h.Close)
	return h.URL
}

const acknowledgement = `{"action": "acknowledge", "reason": "read the log", "reference": "case 4712"}`

// acknowledges asks for that until it is made: the same request is one acknowledgement.
func acknowledges(t *testing.T, admin, id string) {
	t.Helper()
	eventually(t, "it is acknowledged", func() bool {
		status := post(t, admin, id, acknowledgement)
		require.Contains(t, []int{http.StatusOK, http.StatusAccepted, http.StatusServiceUnavailable}, status)
		return status == http.StatusOK
	})
}

// requireNoOperatorIn requires that a customer's answer hides all that operators
// did to an order.
func requireNoOperatorIn(t *testing.T, s shopper, id string) {
	t.Helper()
	text := shows(t, s.url+"/v1/orders/"+id)
	require.Contains(t, text, id)
	for _, words := range []string{"night", "voided by hand", "read the log", "case 47", "operator", "waivers", "repairs", "acknowledgements"} {
		require.NotContains(t, text, words)
	}
}

// A bug has ended an order, and an operator has reviewed it. Then only its trace
// shows that, until a reset raises another flag.
func TestAnAcknowledgedOrderIsListedAgainOnlyForAnotherFlag(t *testing.T) {
	t.Parallel()

	p := newPlatform(t, 10*time.Minute)
	admin := p.adminOf(t)
	p.stop("inventory")
	id := p.place(t, "", "", placement()).order.ID
	require.Equal(t, http.StatusConflict, post(t, admin, id, acknowledgement), "its saga runs")
	contradict(t, p, id)
	v := decided(t, id)
	require.Equal(t, order.Internal, v.Reason)
	require.True(t, v.NeedsAttention)
	require.Equal(t, []string{id}, p.listed(t))
	require.True(t, p.inFull(t, id).NeedsAttention)

	require.Equal(t, http.StatusNotFound, post(t, admin, "0190a6b2-7d1e-8c3f-9b5a-2f6d8e4c1a70", acknowledgement))
	acknowledges(t, admin, id)
	require.Empty(t, p.listed(t))
	require.False(t, p.inFull(t, id).NeedsAttention)
	requireNoOperatorIn(t, p.shopper, id)
	p.overdue(t, id)
	require.Zero(t, p.diagnose(t).NeedsAttention)
	acknowledges(t, admin, id) // twice is once
	rec, err := p.Orders.Get(t.Context(), id)
	require.NoError(t, err)
	require.Len(t, rec.Acknowledgements, 1)
	require.Equal(t, []string{"night", "read the log", "case 4712"},
		[]string{rec.Acknowledgements[0].Operator, rec.Acknowledgements[0].Reason, rec.Acknowledgements[0].Reference})
	require.Equal(t, v.Attention[0].Code, rec.Acknowledgements[0].Flags[0].Code)

	h, err := replay.FromServer(t.Context(), server.Client, workflows.AcknowledgementID(id), "")
	require.NoError(t, err)
	require.NoError(t, replay.Replay(h), "it has a history of its own")

	// A reset to behind the flag replays it: it is the reviewed one.
	points := resetPoints(t, id)
	v = result(t, id, reset(t, id, points.run, points.events[len(points.events)-1]))
	require.False(t, v.NeedsAttention)
	require.Len(t, v.Acknowledgements, 1)
	require.Empty(t, p.listed(t))

	// A reset to before it: while that saga runs, the order is its job.
	p.stop("inventory")
	points = resetPoints(t, id)
	run := reset(t, id, points.run, first(points))
	p.reaches(t, id, "inventory.reserve", saga.Undoing)
	require.Equal(t, http.StatusConflict, post(t, admin, id, acknowledgement))
	p.start(t, "inventory")
	v = result(t, id, run)
	require.True(t, v.NeedsAttention, "it needs another review")
	require.Len(t, v.Acknowledgements, 1, "and shows the earlier review")
	require.Equal(t, []string{id}, p.listed(t))
	require.Equal(t, 1, p.diagnose(t).NeedsAttention)

	acknowledges(t, admin, id)
	require.Empty(t, p.listed(t))
	rec, err = p.Orders.Get(t.Context(), id)
	require.NoError(t, err)
	require.Len(t, rec.Acknowledgements, 2)
	requireNoOperatorIn(t, p.shopper, id)
	require.NoError(t, p.Check(t.Context()))
}

// An acknowledgement without a worker is made when one starts, once.
func TestAnAcknowledgementWaitsForAWorker(t *testing.T) {
	t.Parallel()

	p := newPlatform(t, 10*time.Minute)
	p.stop("inventory")
	id := p.place(t, "", "", placement()).order.ID
	contradict(t, p, id)
	require.True(t, decided(t, id).NeedsAttention)
	p.stop("order")
	admin := p.adminOf(t)
	eventually(t, "it is recorded", func() bool { // 503 asks to repeat it: the order could not be read in time
		status := post(t, admin, id, acknowledgement)
		require.Contains(t, []int{http.StatusAccepted, http.StatusServiceUnavailable}, status)
		return status == http.StatusAccepted
	})
	require.Equal(t, []string{id}, p.listed(t))
	rec, err := p.Orders.Get(t.Context(), id)
	require.NoError(t, err)
	unseen := ledger.Attention{Step: "payment.capture", Code: "REQUEST_MISMATCH", Kind: "bug", Since: time.Now().UTC().Truncate(time.Microsecond), Lasting: true}
	require.NoError(t, p.Orders.Note(t.Context(), key.New(id, "order.note"), order.Note{
		At: rec.NotedAt.Add(time.Second), Attention: append(rec.Attention, unseen),
	}))
	p.start(t, "order")
	require.NoError(t, server.GetWorkflow(t.Context(), workflows.AcknowledgementID(id), "").Get(t.Context(), nil))
	rec, err = p.Orders.Get(t.Context(), id)
	require.NoError(t, err)
	require.Len(t, rec.Acknowledgements, 1)
	require.Equal(t, []ledger.Attention{unseen}, rec.Attention, "it was raised after that was asked for")
	acknowledges(t, admin, id)
	require.Empty(t, p.listed(t))
	acknowledges(t, admin, id) // twice is once
	rec, err = p.Orders.Get(t.Context(), id)
	require.NoError(t, err)
	require.Len(t, rec.Acknowledgements, 2)
}

// The same by the binary, as an operator uses it.
func TestAnOrderIsAcknowledgedByTheBinary(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	environ := slices.Concat(home(dir), hasty)
	p := launch(t, environ, devArgs(dir)...)
	said := p.says(t, "Ctrl-C stops everything")
	m := banner.FindStringSubmatch(said)
	require.NotNil(t, m, said)
	dev, admin := shopper{m[1]}, m[3]
	engine := engineOf(t, dir)
	orders := func(args ...string) string {
		return run(t, environ, append([]string{"orders", "--data-dir", dir}, args...)...)
	}
	show := func(args ...string) string {
		return run(t, environ, append([]string{"order", "show", "--temporal-address", engine}, args...)...)
	}
	operator := append(slices.Clip(environ), "AMENDS_OPERATOR_TOKEN=night-night-night-1")

	id := dev.insist(t, "", "wait=30", demo("tok_visa")).order.ID
	acknowledge := []string{"repair", id, "--admin-addr", admin, "--action", "acknowledge", "--reason", "read the log", "--reference", "case 4712"}
	require.Equal(t, confirmed, eventualDecision(t, dev, id).Status)
	require.Contains(t, complains(t, operator, acknowledge...), "NOTHING_TO_ACKNOWLEDGE")

	shop := shoptest.Open(t, devDSNs(dir), false)
	require.NoError(t, shop.Orders.Note(t.Context(), saga.Key{Saga: id, Step: "order.note"}, order.Note{
		At: time.Now().Add(time.Second), Attention: []ledger.Attention{{Step: "inventory.commit", Code: "INVALID", Kind: "bug", Since: time.Now(), Lasting: true}},
	}))
	require.Contains(t, orders("--needs-attention"), id)
	shown(t, admin, "amends_orders_needing_attention 1")
	require.Empty(t, orders("--acknowledged"))

	out := run(t, operator, acknowledge...)
	require.Contains(t, out, "acknowledge of the order: done\n")
	require.Empty(t, orders("--needs-attention"))
	shown(t, admin, "amends_orders_needing_attention 0")
	for _, text := range []string{out, orders("--acknowledged"), show(id), show(id, "--json")} {
		for _, words := range []string{id, "inventory.commit", "INVALID", "night", "read the log", "case 4712"} {
			require.Contains(t, text, words)
		}
	}
	var v workflows.OrderView
	require.NoError(t, json.Unmarshal([]byte(run(t, operator, append(acknowledge, "--json")...)), &v))
	require.Len(t, v.Acknowledgements, 1)
	requireNoOperatorIn(t, dev, id)
}
