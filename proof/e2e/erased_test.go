package e2e_test

import (
	"bytes"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/serviceerror"
	"go.yaml.in/yaml/v3"

	"github.com/amends/amends/internal/engine"
	"github.com/amends/amends/workflows"
)

// A customer who is erased is in no file of the platform any more, nor in a history. Orders
// and money stay.
func TestErasedCustomersAreNowhere(t *testing.T) {
	t.Parallel()

	dir := t.TempDir()
	d := startDev(t, dir, "AMENDS_LOG_LEVEL=debug", "AMENDS_SAGA_DECIDE_AFTER=20s")
	v := &visitor{url: d.url, mark: strings.ReplaceAll(uuid.NewString(), "-", "")}
	mail := v.canary("mail", inMails) + "@example.com"
	run(t, home(dir), "user", "create", mail, "--name", v.canary("name", inMails), "--data-dir", dir)
	key := strings.TrimSpace(run(t, home(dir), "user", "key", "create", mail, "--name", v.canary("key"), "--scope", "account", "--scope", "orders:read", "--scope", "orders:write", "--data-dir", dir))
	v.token = key
	me, _ := v.asks(t, http.StatusOK, http.MethodGet, "/v1/me", nil)
	account, _ := me["id"].(string)
	require.NotEmpty(t, account)
	v.asks(t, http.StatusCreated, http.MethodPost, "/v1/me/addresses", v.address(inUsers))

	var orders []string
	for _, style := range []string{"orchestrated", "choreographed"} {
		body := lines("MUG-STONEWARE", 1)
		maps.Copy(body, map[string]any{"currency": "EUR", "style": style, "payment_token": "tok_visa", "ship_to": v.address(style)})
		answer, _ := v.asks(t, http.StatusOK, http.MethodPost, "/v1/orders", body, "Idempotency-Key", uuid.NewString(), "Prefer", "wait=30")
		require.Equal(t, "CONFIRMED", answer["status"])
		id, _ := answer["id"].(string)
		orders = append(orders, id)
		question := map[string]any{"subject": v.canary("subject " + style), "text": v.canary("text " + style)}
		v.asks(t, http.StatusCreated, http.MethodPost, "/v1/orders/"+id+"/cases", question, "Idempotency-Key", uuid.NewString())
	}
	v.isTold(t, dir, mail, "Hello name."+v.mark)

	var running struct{ Temporal struct{ Address string } }
	pointer, err := os.ReadFile(filepath.Join(dir, "platform.yaml"))
	require.NoError(t, err)
	require.NoError(t, yaml.Unmarshal(pointer, &running))
	c, err := engine.Dial(engine.Options{Address: running.Temporal.Address, Isolated: true})
	require.NoError(t, err)
	t.Cleanup(c.Close)
	_, err = c.DescribeWorkflowExecution(t.Context(), workflows.WorkflowID(orders[0]), "")
	require.NoError(t, err)

	require.Contains(t, run(t, home(dir), "user", "erase", mail, "--reason", "a letter", "--data-dir", dir), account+"  is erased")
	eventually(t, "support and notification have heard of it", func() bool {
		found := contents(t, dir)
		return bytes.Contains(found[inCases], []byte("(erased)"))
	})
	eventually(t, "the engine has forgotten the order", func() bool {
		_, err := c.DescribeWorkflowExecution(t.Context(), workflows.WorkflowID(orders[0]), "")
		if err == nil {
			return false
		}
		require.ErrorAs(t, err, new(*serviceerror.NotFound))
		return true
	})
	v.token = ""
	v.asks(t, http.StatusUnauthorized, http.MethodGet, "/v1/me", nil, "Authorization", "Bearer "+key)
	eventually(t, "the doctor judges both orders, and finds nothing", func() bool {
		p := launch(t, home(dir), "doctor", "--grace", "1s", "--data-dir", dir)
		return p.wait(t) == 0 && strings.Contains(p.out.String(), "2 judged")
	})
	d.drain(t, syscall.SIGINT)

	found := contents(t, dir)
	for _, id := range orders {
		require.Contains(t, string(found[inOrders]), id, "the order stays")
	}
	delete(found, inHistories) // the file of the engine keeps free pages; the engine was asked
	for i := range v.data {
		v.data[i].places, v.data[i].mailed = nil, true
	}
	require.Empty(t, leaks(found, v.data))
}
