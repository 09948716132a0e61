package whole

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/proof/dbtest"
)

// placeTime bounds a placement.
const placeTime = 15 * time.Second

// mug is an order of a guest for a mug; its values are the payment token, and further members.
const mug = `{"customer_id":"cus_1","currency":"EUR","lines":[{"sku":"MUG-STONEWARE","quantity":1}],
	"ship_to":{"name":"A","line1":"B","city":"C","postal_code":"10115","country":"DE"},"payment_token":"%s"%s}`

// Place places an order for a mug with a payment token, in the style of the platform, and
// returns its id. It does not wait for the order's end.
func (p *Platform) Place(ctx context.Context, token string) (string, error) {
	return p.place(ctx, fmt.Sprintf(mug, token, ""))
}

// PlaceChoreographed is [Platform.Place] for a choreographed order.
func (p *Platform) PlaceChoreographed(ctx context.Context, token string) (string, error) {
	return p.place(ctx, fmt.Sprintf(mug, token, `,"style":"choreographed"`))
}

func (p *Platform) place(ctx context.Context, order string) (string, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), placeTime)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, p.API+"/v1/orders", strings.NewReader(order))
	if err != nil {
		return "", err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Idempotency-Key", "a-key-that-no-other-order-has-"+strconv.FormatInt(time.Now().UnixNano(), 36))
	answer, err := http.DefaultClient.Do(request) //nolint:forbidigo // the context bounds it
	if err != nil {
		return "", err
	}
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(answer.Body)
	id := regexp.MustCompile(`"id": ?"([^"]+)"`).FindStringSubmatch(string(body))
	if id == nil {
		return "", fmt.Errorf("%s: %s, %w", answer.Status, body, err)
	}
	return id[1], nil
}

// Exec changes rows of a database of the platform.
func (p *Platform) Exec(tb testing.TB, name, statement string, args ...any) {
	tb.Helper()
	db := dbtest.Open(tb, p.File(name), database.Options{})
	require.NoError(tb, db.Exec(statement, args...).Error)
}

// Lock keeps a database of the platform for a transaction of its own, until its result is
// called or the test ends. The database can be read meanwhile.
func (p *Platform) Lock(tb testing.TB, name string) (release func()) {
	tb.Helper()
	db := dbtest.Open(tb, p.File(name), database.Options{})
	sql, err := db.DB()
	require.NoError(tb, err)
	conn, err := sql.Conn(tb.Context())
	require.NoError(tb, err)
	until(tb, "the lock", func() bool {
		_, err := conn.ExecContext(tb.Context(), "BEGIN IMMEDIATE")
		return err == nil
	})
	tb.Cleanup(func() { _ = conn.Close() }) // a repeat of release's
	return func() {
		_, err := conn.ExecContext(tb.Context(), "ROLLBACK")
		require.NoError(tb, err)
		require.NoError(tb, conn.Close())
	}
}
