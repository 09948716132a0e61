package pages_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/proof/wait"
	"github.com/amends/amends/web/browsertest"
	"github.com/amends/amends/workflows"
)

// signIn signs an operator in to the console, at its home page.
func (p platform) signIn(tab *browsertest.Tab) {
	tab.Go(p.admin + "/console/sign-in")
	tab.Fill("#secret", operator)
	tab.Submit("#secret ~ button, form:has(#secret) button")
}

// showOrder signs an operator in, and opens an order once its page shows a text.
func (p platform) showOrder(tab *browsertest.Tab, id, text string) {
	p.signIn(tab)
	tab.Go(p.admin + "/console/orders/" + id)
	tab.Shows(text)
}

// patience bounds every wait on a machine that is slow and does other work too.
const patience = 5 * time.Minute

// eventually waits for a condition, which runs in the test's own goroutine and so may end the
// test.
func eventually(t *testing.T, name string, condition func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	require.NoError(t, wait.Until(ctx, name, condition))
}

// send sends a request to an address of the platform, again while that has no time for it, and
// reads its answer unless that is a refusal.
func send(t *testing.T, method, url string, header map[string]string, in, out any) (status int) {
	t.Helper()
	eventually(t, method+" "+url+" is answered", func() bool {
		status = once(t, method, url, header, in, out)
		return status != http.StatusServiceUnavailable
	})
	return status
}

func once(t *testing.T, method, url string, header map[string]string, in, out any) int {
	t.Helper()
	body, err := json.Marshal(in)
	require.NoError(t, err)
	r, err := http.NewRequestWithContext(t.Context(), method, url, bytes.NewReader(body))
	require.NoError(t, err)
	r.Header.Set("Content-Type", "application/json")
	for name, value := range header {
		r.Header.Set(name, value)
	}
	res, err := http.DefaultClient.Do(r) //nolint:forbidigo // a server of the test
	require.NoError(t, err)
	defer res.Body.Close()
	if res.StatusCode < http.StatusMultipleChoices {
		require.NoError(t, json.NewDecoder(res.Body).Decode(out))
	}
	return res.StatusCode
}

// ask asks the admin address in an operator's name.
func (p platform) ask(t *testing.T, method, path string, in, out any) {
	t.Helper()
	status := send(t, method, p.admin+path, map[string]string{"Authorization": "Bearer " + operator}, in, out)
	require.Equal(t, http.StatusOK, status, path)
}

// place places a guest's order of 3 units, and returns its id.
func (p platform) place(t *testing.T, token, style string) string {
	t.Helper()
	key := uuid.NewString()
	var o contract.Order
	status := send(t, http.MethodPost, p.shop+"/v1/orders", map[string]string{"Idempotency-Key": key}, map[string]any{
		"customer_id": "guest-" + key, "currency": "EUR", "payment_token": token, "style": style,
		"lines":   []map[string]any{{"sku": "MUG-STONEWARE", "quantity": 2}, {"sku": "KETTLE-STEEL", "quantity": 1}},
		"ship_to": map[string]string{"name": "A. Buyer", "line1": "Hauptstr. 1", "city": "Berlin", "postal_code": "10115", "country": "DE"},
	}, &o)
	require.Equal(t, http.StatusAccepted, status)
	return o.Id
}

// flagged returns an order that is flagged, because its payment has no outcome.
func (p platform) flagged(t *testing.T) string {
	t.Helper()
	id := p.place(t, "tok_unknown", "orchestrated")
	p.awaitFlag(t, id)
	return id
}

// awaitFlag waits until the list of flagged orders has one.
func (p platform) awaitFlag(t *testing.T, id string) {
	t.Helper()
	eventually(t, "order "+id+" is flagged", func() bool {
		var list contract.OrderList
		p.ask(t, http.MethodGet, "/v1/orders?needs_attention=true&limit=100", nil, &list)
		return slices.ContainsFunc(list.Orders, func(o contract.Order) bool { return o.Id == id })
	})
}

// stop ends the workflow of an order, as a person does who should not.
func (p platform) stop(t *testing.T, id string) {
	t.Helper()
	c, err := client.Dial(client.Options{HostPort: p.engine})
	require.NoError(t, err)
	defer c.Close()
	require.NoError(t, c.TerminateWorkflow(t.Context(), workflows.WorkflowID(id), "", "a test"))
}

// TestTheHomePageSumsAsTheDoctor stops the sagas of two orders that hold money and stock: they
// are all that the home page and the doctor sum up, so both say the same. It runs before the
// tests that share the platform.
func TestTheHomePageSumsAsTheDoctor(t *testing.T) { //nolint:paralleltest // it has the platform for itself
	p := start(t)
	for _, id := range []string{p.flagged(t), p.flagged(t)} {
		p.stop(t, id)
	}
	var overview contract.Overview
	eventually(t, "the overview has both orders", func() bool {
		overview = contract.Overview{}
		p.ask(t, http.MethodGet, "/v1/overview", nil, &overview)
		return overview.Holds.StockHeld == 6 && overview.Missing == nil
	})

	tab := browsertest.Visit(t)
	p.signIn(tab)
	tab.Go(p.admin + "/console/doctor")
	tab.Submit("form[action$='/doctor'] button")
	var report contract.DoctorReport
	p.ask(t, http.MethodPost, "/v1/doctor/runs", contract.RunDoctor{DryRun: true}, &report)
	require.Len(t, report.Findings, 2)
	require.Equal(t, overview.Holds, *report.Holds, "the operations say the same")
	require.Equal(t, []contract.Money{{Amount: 25200, Currency: "EUR"}}, report.Holds.MoneyHeld)

	said := money.New(25200, "EUR").String()
	require.Contains(t, tab.Text(), "Money held: "+said)
	require.Contains(t, tab.Text(), "Stock held: 6 units")
	tab.Go(p.admin + "/console/")
	sums := strings.Join(strings.Fields(browsertest.Eval[string](tab, "document.querySelector('.sums').innerText")), " ")
	require.Contains(t, sums, "Money held "+said)
	require.Contains(t, sums, "Stock held 6 units")
	require.Empty(t, tab.Errors())
}

// TestFaultsOfTheDemo: an operator switches the carrier off, an order waits for it, and goes on
// once the carrier is back.
func TestFaultsOfTheDemo(t *testing.T) {
	t.Parallel()
	p := start(t)
	tab := browsertest.Visit(t)
	p.signIn(tab)
	tab.Go(p.admin + "/console/load")
	const button = "form:has(input[value='carrier-away']) button"
	tab.Submit(button)
	id := p.place(t, "tok_visa", "orchestrated")
	order := tab.Another()
	order.Go(p.admin + "/console/orders/" + id)
	order.Until("/shipping.book: running · ([2-9]|\\d\\d+) attempts/.test(document.getElementById('picture-desc').textContent)")
	tab.Submit(button)
	order.Until("document.getElementById('order-head').innerText.includes('confirmed')")
	require.Empty(t, order.Errors())
}
