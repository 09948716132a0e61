package e2e_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/services/order"
)

// The API counts characters. The services must be able to record everything that
// it accepts: an order that cannot be created cannot be ended, either.
func TestTheLongestSKUThatTheAPIAllowsIsDecided(t *testing.T) {
	t.Parallel()

	p := newPlatform(t, 10*time.Minute)
	body := placement()
	body["lines"] = []map[string]any{{"sku": strings.Repeat("\U0001F375", 200), "quantity": 1}} // four bytes each
	r := p.place(t, "", "wait=20", body)
	require.Equal(t, http.StatusOK, r.status, r.code)
	require.Equal(t, order.UnknownSKU, r.order.Reason)
}
