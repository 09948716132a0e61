package chaos

import (
	"context"
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/services/user"
	userstore "github.com/amends/amends/services/user/store"
)

// signIn gives every other customer an account and an API key. An account has an address of
// mail, and a guest has none.
func (p *platform) signIn(tb testing.TB, orders []Order) {
	tb.Helper()
	db := dbtest.Open(tb, *p.others["user"], database.Options{})
	users, err := userstore.New(db, userstore.Options{Secret: userSecret})
	require.NoError(tb, err)
	for i := range orders {
		o := &orders[i]
		if o.N%2 == 0 {
			continue
		}
		r := user.Registration{Email: fmt.Sprintf("customer-%d@chaos.example", o.N), Name: "A. Buyer", Locale: "en"}
		a, err := users.Create(tb.Context(), r, user.Customer, "chaos")
		require.NoError(tb, err)
		_, o.key, err = users.CreateKey(tb.Context(), user.NewKey{Account: a.ID, Name: "chaos", Scopes: user.Customer.Scopes(), By: "chaos"})
		require.NoError(tb, err)
		o.Body.CustomerId = a.ID
	}
}

// sign names the customer of a request, if it has an account.
func (o Order) sign(_ context.Context, r *http.Request) error {
	if o.key != "" {
		r.Header.Set("Authorization", "Bearer "+o.key)
	}
	return nil
}
