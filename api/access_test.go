package api

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/api/edge/caller"
	"github.com/amends/amends/api/problem"
	"github.com/amends/amends/api/shop"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/identity/token"
	"github.com/amends/amends/internal/orders/identity"
	"github.com/amends/amends/internal/orders/place"
	"github.com/amends/amends/workflows"
)

// fakeAccounts is the user service for a gateway: it signs with a key, and one session, and
// one API key, has ended.
type fakeAccounts struct {
	private token.PrivateKey
	public  token.PublicKey
	away    bool
}

func newAccounts(t *testing.T) *fakeAccounts {
	t.Helper()
	private, public := signingKey(t)
	return &fakeAccounts{private: private, public: public}
}

func signingKey(t *testing.T) (token.PrivateKey, token.PublicKey) {
	t.Helper()
	public, private, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	return token.PrivateKey{ID: "tests", Key: private}, token.PublicKey{ID: "tests", Key: public}
}

func (a *fakeAccounts) SigningKeys(context.Context) (token.Keys, error) {
	return token.Keys{a.public}, nil
}

func (a *fakeAccounts) Revocations(context.Context, int64) (token.Revocations, error) {
	return token.Revocations{Position: 1, Ended: []token.Ended{{ID: "ended", Until: time.Now().Add(time.Hour)}}}, nil
}

func (a *fakeAccounts) CheckSession(_ context.Context, id string) error {
	switch {
	case a.away:
		return fault.Errorf(fault.Transient, fault.Unavailable, "10.0.0.7 is away")
	case id == "ended":
		return fault.Errorf(fault.Business, token.Unauthenticated, "the session has ended")
	}
	return nil
}

func (a *fakeAccounts) CheckKey(_ context.Context, key string) (token.Identity, error) {
	switch key {
	case "amk_1_good":
		return token.Identity{Account: "cus_42", Key: "1", Scopes: customerScopes}, nil
	case "amk_2_reader":
		return token.Identity{Account: "cus_42", Key: "2", Scopes: []string{"orders:read"}}, nil
	}
	return token.Identity{}, fault.Errorf(fault.Business, token.Unauthenticated, "no such key")
}

var (
	customerScopes = []string{"orders:read", "orders:write", "account"}
	supportScopes  = append(customerScopes[:3:3], "support")
	operatorScopes = append(supportScopes[:4:4], "operator")
)

// sign returns a header with a token.
func (a *fakeAccounts) sign(t *testing.T, account, session string, at time.Time, scopes ...string) string {
	t.Helper()
	return signed(t, a.private, account, session, at, scopes...)
}

func signed(t *testing.T, key token.PrivateKey, account, session string, at time.Time, scopes ...string) string {
	t.Helper()
	text, err := token.Sign(key, token.Identity{Account: account, Session: session, Scopes: scopes}, at)
	require.NoError(t, err)
	return "Authorization: Bearer " + text
}

// forAnother returns a header with a token of an account that is good but for its audience.
func forAnother(t *testing.T, key token.PrivateKey, account, session string) string {
	t.Helper()
	now := time.Now()
	forged := jwt.NewWithClaims(jwt.SigningMethodEdDSA, jwt.MapClaims{
		"iss": token.Issuer, "aud": "console", "sub": account, "sid": session, "jti": "j", "scope": strings.Join(operatorScopes, " "),
		"iat": now.Unix(), "exp": now.Add(token.Lifetime).Unix(),
	})
	forged.Header["typ"], forged.Header["kid"] = "at+jwt", key.ID
	text, err := forged.SignedString(key.Key)
	require.NoError(t, err)
	return "Authorization: Bearer " + text
}

// fronted starts a server that knows accounts, with or without guests. Every order that it
// is asked for is of cus_42.
func fronted(t *testing.T, a *fakeAccounts, guests bool) *testBundle {
	t.Helper()
	b := shopWith(t, func(c *Config) {
		if !guests {
			c.GuestSecret = ""
		}
	}, WithVerifier(token.NewVerifier(token.Config{Source: a, Logger: slog.New(slog.DiscardHandler)})), WithQuery(followable()),
		WithCases(fakeCases{}), WithServices(shop.Services{Catalog: named(fakePart{}), Payment: fakePart{}, Shipping: fakePart{}, Notification: fakePart{}, Inventory: fakeInventory{stock: stocked}, Order: fakeOrders{view: sold, address: berlin}}))
	b.temporal.place, b.temporal.query, b.temporal.list = firstWins(t), knows(workflows.StatusCancelled), registered
	return b
}

// accountsOrder is an order that cus_42 placed with a token.
var accountsOrder = identity.Order("cus_42", "k")

// The callers of the matrix, in the order of its columns.
var callers = []string{"owner", "other customer", "guest", "support", "operator", "expired", "revoked", "wrong audience"}

// may is one row of the matrix: the status that each caller gets.
type may [8]int

// Rows that several operations have.
var (
	anyCaller = may{200, 200, 200, 200, 200, 200, 200, 200} // a token is not looked at
	ownList   = may{200, 200, 401, 200, 200, 401, 401, 401} // each its own; see TestListOrders
	public    = may{200, 200, 200, 200, 200, 401, 401, 401} // but a token that is sent must be good
)

// readers are the rows of the operations that read an order.
var readers = [3]may{
	{200, 404, 404, 200, 200, 401, 401, 401},
	{404, 404, 200, 200, 200, 401, 401, 401},
	{200, 404, 401, 200, 200, 401, 401, 401},
}

// expectations are the matrix: for each operation of the contract, about an order of an
// account, about an order of the guest, and about one of an account where no guests are
// served.
var expectations = map[string][3]may{
	"PlaceOrder": {
		{202, 403, 202, 403, 403, 401, 401, 401},
		{202, 403, 202, 403, 403, 401, 401, 401},
		{202, 403, 401, 403, 403, 401, 401, 401},
	},
	"GetOrder":    readers,
	"ListOrders":  {ownList, ownList, ownList},
	"FollowOrder": readers,
	"CancelOrder": {
		{200, 404, 404, 404, 404, 401, 401, 401},
		{404, 404, 200, 404, 404, 401, 401, 401},
		{200, 404, 401, 404, 404, 401, 401, 401},
	},
	"GetOrderOverview": readers,
	"GetInvoice":       readers,
	"ListProducts":     {public, public, public},
	"ListCategories":   {public, public, public},
	"GetProduct":       {public, public, public},
	"GetStock":         {public, public, public},
	"CheckStock":       {public, public, public},
	"GetHealth":        {anyCaller, anyCaller, anyCaller},
	"GetReadiness":     {anyCaller, anyCaller, anyCaller},
	"GetContract":      {anyCaller, anyCaller, anyCaller},
	"GetEvents":        {anyCaller, anyCaller, anyCaller},
	"GetDocs":          {anyCaller, anyCaller, anyCaller},
	"ListOrderCases":   readCases,
	"GetOrderCase":     readCases,
	"OpenCase":         writeCases(201),
	"AnswerOrderCase":  writeCases(200),
	"CloseOrderCase":   writeCases(200),
}

// TestAccess calls every operation of the contract as every caller, those of accounts
// apart: [TestAccessToAccounts] does. An operation without a row fails it.
func TestAccess(t *testing.T) {
	t.Parallel()
	spec, err := contract.LoadPublic()
	require.NoError(t, err)
	a := newAccounts(t)
	now := time.Now()
	tokens := map[string]string{
		"owner":          a.sign(t, "cus_42", "s1", now, customerScopes...),
		"other customer": a.sign(t, "cus_43", "s2", now, customerScopes...),
		"support":        a.sign(t, "staff_1", "s3", now, supportScopes...),
		"operator":       a.sign(t, "staff_2", "s4", now, operatorScopes...),
		"expired":        a.sign(t, "cus_42", "s1", now.Add(-token.Lifetime-2*token.Leeway), operatorScopes...),
		"revoked":        a.sign(t, "cus_42", "ended", now, operatorScopes...),
		"wrong audience": forAnother(t, a.private, "cus_42", "s1"),
	}
	withGuests, without := fronted(t, a, true), fronted(t, a, false)
	guests := identity.NewGuests(guestSecret)
	seen, called := 0, 0
	for path, item := range spec.Paths.Map() {
		for method, operation := range item.Operations() {
			rows, ok := expectations[operation.OperationID]
			if _, own := ownExpectations[operation.OperationID]; own {
				continue // see TestAccessToAccounts
			}
			require.True(t, ok, "%s has no row: who may call it?", operation.OperationID)
			seen++
			for i, situation := range []struct {
				server *testBundle
				order  string
				about  string
			}{{withGuests, accountsOrder, "an account's order"}, {withGuests, someOrder, "the guest's order"}, {without, accountsOrder, "no guests"}} {
				for j, name := range callers {
					header := []string{"Content-Type: application/json", "Idempotency-Key: " + keyOne, "Amends-Claim: "}
					if auth, ok := tokens[name]; ok {
						header = append(header, auth)
					} else {
						header[2] += guests.Claim(someOrder) // all that the guest has
					}
					url := strings.NewReplacer("{id}", situation.order, "{sku}", "MUG", "{case}", someCase).Replace(path)
					answer := situation.server.do(t, method, url, bodyOf(t, operation), header...)
					called++
					require.Equal(t, rows[i][j], answer.StatusCode, "%s as %s, %s: %s", operation.OperationID, name, situation.about, answer.text)
					if answer.StatusCode == http.StatusUnauthorized {
						require.Equal(t, `Bearer realm="amends"`, answer.Header.Get("WWW-Authenticate"))
						require.Equal(t, string(token.Unauthenticated), answer.problem(t).Code)
					}
				}
			}
		}
	}
	require.Len(t, expectations, seen, "a row of no operation")
	require.Equal(t, 3*len(callers)*seen, called)
}

func TestOrdersBelongToAccounts(t *testing.T) {
	t.Parallel()
	a := newAccounts(t)
	const key = "Idempotency-Key: k"
	const good, reader = "Authorization: Bearer amk_1_good", "Authorization: Bearer amk_2_reader"
	unnamed := strings.Replace(goodBody, `"customer_id": "cus_42", `, "", 1)
	post := func(t *testing.T, b *testBundle, body string, header ...string) response {
		t.Helper()
		return b.do(t, http.MethodPost, "/v1/orders", body, append([]string{"Content-Type: application/json"}, header...)...)
	}

	t.Run("TheCustomerIsTheCaller", func(t *testing.T) {
		t.Parallel()
		b := fronted(t, a, false)
		first := post(t, b, unnamed, key, good)
		o := first.order(t, http.StatusAccepted)
		require.Equal(t, accountsOrder, o.Id)
		require.Equal(t, "cus_42", *o.CustomerId)
		require.Empty(t, first.Header.Get(caller.HeaderClaim), "accounts need none")
		again := post(t, b, goodBody, key, a.sign(t, "cus_42", "s1", time.Now(), customerScopes...))
		require.Equal(t, o.Id, again.order(t, http.StatusAccepted).Id, "a name that is left out means the same")
		require.Equal(t, "true", again.Header.Get("Idempotency-Replayed"))
		b.temporal.place = nil
		post(t, b, strings.Replace(goodBody, "cus_42", "cus_43", 1), key, good).refused(t, http.StatusForbidden, problem.CustomerForeign)
	})
	t.Run("OneKeyIsOneOrderOfEachCustomer", func(t *testing.T) {
		t.Parallel()
		b := fronted(t, a, true)
		mine := post(t, b, unnamed, key, good).order(t, http.StatusAccepted)
		others := post(t, b, unnamed, key, a.sign(t, "cus_43", "s1", time.Now(), customerScopes...)).order(t, http.StatusAccepted)
		require.NotEqual(t, mine.Id, others.Id)
	})
	t.Run("ATokenNeedsTheScope", func(t *testing.T) {
		t.Parallel()
		b := fronted(t, a, true)
		b.temporal.place = nil
		p := post(t, b, unnamed, key, reader).refused(t, http.StatusForbidden, problem.ScopeMissing)
		require.Contains(t, *p.Detail, "orders:write")
		b.do(t, http.MethodPost, "/v1/orders/"+accountsOrder+"/cancel", "{}", reader, "Content-Type: application/json").refused(t, http.StatusForbidden, problem.ScopeMissing)
		require.Equal(t, http.StatusOK, b.do(t, http.MethodGet, "/v1/orders/"+accountsOrder, "", reader).StatusCode)
	})
	t.Run("OneTokenIsSent", func(t *testing.T) {
		t.Parallel()
		b := fronted(t, a, true)
		for _, header := range [][]string{{good, good}, {good, "Authorization: Basic eA=="}, {"Authorization: Bearer"}, {"Authorization: bearer amk_3_none"}} {
			b.do(t, http.MethodGet, "/v1/orders/"+accountsOrder, "", header...).refused(t, http.StatusUnauthorized, token.Unauthenticated)
		}
		require.Equal(t, http.StatusOK, b.do(t, http.MethodGet, "/v1/orders/"+accountsOrder, "", "Authorization: bearer  amk_1_good").StatusCode)
	})
	t.Run("ADoubtIsNoRefusal", func(t *testing.T) {
		t.Parallel()
		gone := newAccounts(t)
		gone.away = true
		b := fronted(t, gone, true)
		answer := b.do(t, http.MethodGet, "/v1/orders/"+accountsOrder, "", gone.sign(t, "cus_42", "s1", time.Now(), customerScopes...))
		answer.refused(t, http.StatusServiceUnavailable, fault.Unavailable)
		require.NotContains(t, answer.text, "10.0.0.7")
	})
	t.Run("TheEngineAloneKnowsTheOwner", func(t *testing.T) {
		t.Parallel()
		b := fronted(t, a, false)
		b.temporal.query = func(context.Context, string) (workflows.OrderView, error) {
			return workflows.OrderView{}, fmt.Errorf("no worker: %w", context.DeadlineExceeded)
		}
		b.temporal.describe = described(t, enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING, map[string]any{workflows.AttributeCustomer.GetName(): identity.Customer("cus_42")})
		b.temporal.input = func(string) (workflows.Input, error) { return workflows.Input{}, context.DeadlineExceeded }
		require.Equal(t, http.StatusOK, b.do(t, http.MethodGet, "/v1/orders/"+accountsOrder, "", good).StatusCode)
		other := a.sign(t, "cus_43", "s1", time.Now(), customerScopes...)
		b.do(t, http.MethodGet, "/v1/orders/"+accountsOrder, "", other).refused(t, http.StatusNotFound, fault.NotFound)
	})
}

func TestGuests(t *testing.T) {
	t.Parallel()
	post := func(t *testing.T, b *testBundle, body, key string) response {
		t.Helper()
		return b.do(t, http.MethodPost, "/v1/orders", body, "Content-Type: application/json", "Idempotency-Key: "+key)
	}

	t.Run("ReadAndCancelWithTheClaimOfThePlacement", func(t *testing.T) {
		t.Parallel()
		b := fronted(t, newAccounts(t), true)
		first := post(t, b, goodBody, keyOne)
		o := first.order(t, http.StatusAccepted)
		claim := first.Header.Get(caller.HeaderClaim)
		require.True(t, identity.OfGuest(o.Id))
		again := post(t, b, goodBody, keyOne)
		require.Equal(t, o.Id, again.order(t, http.StatusAccepted).Id)
		require.Equal(t, claim, again.Header.Get(caller.HeaderClaim), "the key is as good")

		path := "/v1/orders/" + o.Id
		require.Equal(t, http.StatusOK, b.do(t, http.MethodGet, path, "", "Amends-Claim: "+claim).StatusCode)
		require.Equal(t, http.StatusOK, b.do(t, http.MethodPost, path+"/cancel", "", "Content-Type: application/json", "Amends-Claim: "+claim).StatusCode)
		b.temporal.query = nil // not even asked
		for _, wrong := range []string{"", claim[1:], identity.NewGuests(guestSecret).Claim(someOrder)} {
			b.do(t, http.MethodGet, path, "", "Amends-Claim: "+wrong).refused(t, http.StatusNotFound, fault.NotFound)
			b.do(t, http.MethodPost, path+"/cancel", "", "Content-Type: application/json", "Amends-Claim: "+wrong).refused(t, http.StatusNotFound, fault.NotFound)
		}
	})
	t.Run("CannotPlaceWithAKeyThatCanBeGuessed", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		p := post(t, b, goodBody, keyOne[:21]).refused(t, http.StatusBadRequest, problem.KeyInvalid)
		require.Contains(t, *p.Detail, "22 characters")
	})
	t.Run("HoldTheClaimOfAnOrderThatMayExist", func(t *testing.T) {
		t.Parallel()
		b := setup(t, quick)
		b.temporal.place = func(ctx context.Context, _ started) (workflows.PlaceResult, error) {
			<-ctx.Done()
			return workflows.PlaceResult{}, client.NewWorkflowUpdateServiceTimeoutOrCanceledError(ctx.Err())
		}
		answer := post(t, b, goodBody, keyOne)
		answer.refused(t, http.StatusServiceUnavailable, place.PlacementUnknown)
		require.Equal(t, "/v1/orders/"+firstOrder, answer.Header.Get("Location"))
		require.Equal(t, identity.NewGuests(guestSecret).Claim(firstOrder), answer.Header.Get(caller.HeaderClaim))
	})
	t.Run("MustNameACustomer", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		p := post(t, b, strings.Replace(goodBody, `"customer_id": "cus_42", `, "", 1), keyOne).refused(t, http.StatusUnprocessableEntity, problem.ValidationFailed)
		require.Equal(t, "/customer_id", (*p.Errors)[0].Pointer)
	})
	t.Run("FindTheOrderThatAnEarlierVersionPlaced", func(t *testing.T) {
		t.Parallel()
		b := fronted(t, newAccounts(t), true)
		earlier := identity.Earlier("cus_42", keyOne)
		b.temporal.earlier = "order-" + earlier
		answer := post(t, b, goodBody, keyOne)
		require.Equal(t, earlier, answer.order(t, http.StatusAccepted).Id, "a repeat after an upgrade makes no second order")
		claim := "Amends-Claim: " + answer.Header.Get(caller.HeaderClaim)
		require.Equal(t, http.StatusOK, b.do(t, http.MethodGet, "/v1/orders/"+earlier, "", claim).StatusCode)
		b.do(t, http.MethodGet, "/v1/orders/"+earlier, "", "Amends-Claim: ").refused(t, http.StatusNotFound, fault.NotFound)
	})
	t.Run("AreNotLookedForWhereNoEarlierVersionHasRun", func(t *testing.T) {
		t.Parallel()
		b := setup(t, func(c *Config) { c.EarlierOrders = false })
		b.temporal.place, b.temporal.earlier = firstWins(t), "order-"+identity.Earlier("cus_42", keyOne)
		require.Equal(t, firstOrder, b.post(t, goodBody).order(t, http.StatusAccepted).Id)
		require.Equal(t, []string{"check health", "place"}, b.temporal.calls, "one call places an order")
	})
	t.Run("CannotMakeAnAccountsOrder", func(t *testing.T) {
		t.Parallel()
		b := fronted(t, newAccounts(t), true)
		o := post(t, b, goodBody, keyOne).order(t, http.StatusAccepted)
		require.Equal(t, "cus_42", *o.CustomerId)
		require.NotEqual(t, identity.Order("cus_42", keyOne), o.Id)
		b.do(t, http.MethodGet, "/v1/orders/"+o.Id, "", "Authorization: Bearer amk_1_good").refused(t, http.StatusNotFound, fault.NotFound)
	})
	t.Run("AreNotServedWithoutASecret", func(t *testing.T) {
		t.Parallel()
		b := fronted(t, newAccounts(t), false)
		b.temporal.place = nil
		post(t, b, goodBody, keyOne).refused(t, http.StatusUnauthorized, token.Unauthenticated)
	})
}
