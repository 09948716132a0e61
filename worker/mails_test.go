package worker

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"

	"github.com/amends/amends/event"
	"github.com/amends/amends/event/eventtest"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/identity/access"
	"github.com/amends/amends/internal/rpc"
	"github.com/amends/amends/proof/rpctest"
	"github.com/amends/amends/proof/smtptest"
	notificationrpc "github.com/amends/amends/services/notification/rpc"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/services/user"
	userrpc "github.com/amends/amends/services/user/rpc"
	"github.com/amends/amends/worker/registry"
)

// confirmed returns the fact that an order of a customer is confirmed, as the broker has it.
func confirmed(id, of, customer string) event.Message {
	data, _ := json.Marshal(order.Snapshot{ID: of, CustomerID: customer, Status: order.Confirmed})
	return event.Encode(event.Event{ID: id, Type: order.ConfirmedFact.Type(), Key: of, Time: time.Now(), Data: data, Sequence: 2})
}

// unfold returns the content of a mail without the line breaks of its encoding.
func unfold(m smtptest.Mail) string { return strings.ReplaceAll(m.Content, "=\r\n", "") }

// connects returns a function that connects a caller of a name to a service at an address.
func connects(t *testing.T, a *access.Access, at *string) func(name, service string) grpc.ClientConnInterface {
	t.Helper()
	return func(name, service string) grpc.ClientConnInterface {
		plugins, err := a.Client(name, service)
		require.NoError(t, err)
		conn, err := rpc.Dial(rpc.DialOptions{Target: *at, Plugins: plugins})
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, conn.Close()) })
		return conn
	}
}

// post has the options of services that send mails.
type post struct {
	Options
	mails *smtptest.Server
	bus   *eventtest.Memory
	log   bytes.Buffer                                        // of groups that have stopped when it is read
	at    string                                              // the address of the services
	as    func(name, service string) grpc.ClientConnInterface // connects a caller to a service
}

func newPost(t *testing.T, services ...string) *post {
	t.Helper()
	p := &post{Options: options(t, services...), mails: smtptest.New(t), bus: eventtest.NewMemory()}
	a, l := lockIn(t), listen(t)
	p.Bus, p.Mail = p.bus, registry.Mail{URL: p.mails.URL, From: "Shop <shop@shop.example>"}
	p.Logger = slog.New(slog.NewTextHandler(&p.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	p.at = l.Addr().String()
	p.as = connects(t, a, &p.at)
	p.RPC = RPC{Listener: l, Plugins: a.Server()}
	p.Ask = func(self, service string) (grpc.ClientConnInterface, error) { return p.as(self, service), nil }
	return p
}

// TestCustomersGetTheirMailsOnce follows an account from its registration to an order: by the
// facts of the user service at the broker, and by calls for the addresses. The order's fact
// is told anew, redelivered, and heard again by a group that starts again.
func TestCustomersGetTheirMailsOnce(t *testing.T) {
	t.Parallel()
	p := newPost(t, "user", "notification")
	mails, bus := p.mails, p.bus
	stop := runs(t, p.Options)
	ctx := rpctest.Context(t)
	gateway := userrpc.NewClient(p.as("api", "user"))

	const email, password = "ada@canary.example", "correct horse battery"
	received := func(n int) smtptest.Mail {
		t.Helper()
		require.Eventually(t, func() bool { return len(mails.Taken()) >= n }, patience, 10*time.Millisecond, "mail %d", n)
		require.Len(t, mails.Taken(), n)
		m := mails.Taken()[n-1]
		require.Equal(t, email, m.To)
		return m
	}
	require.NoError(t, gateway.Register(ctx, user.Registration{Email: email, Name: "Ada", Locale: "de"}))
	token := regexp.MustCompile(`amv_[\w-]+`).FindString(unfold(received(1)))
	account, err := gateway.Confirm(ctx, token, password)
	require.NoError(t, err)
	_, err = gateway.LogIn(ctx, user.Login{Email: email, Password: password})
	require.NoError(t, err)
	require.Contains(t, received(2).Content, "Eine neue Anmeldung")
	require.NoError(t, gateway.AskReset(ctx, email))
	reset := regexp.MustCompile(`amv_[\w-]+`).FindString(unfold(received(3)))
	require.NoError(t, gateway.Reset(ctx, reset, "another horse battery"))
	received(4)

	const own = "b8557e09-1ca9-8ac6-b79b-8c821f1a990c"
	tell := func(id string) {
		t.Helper()
		_, err := bus.Publish(ctx, []event.Message{confirmed(id, own, account.Account)})
		require.NoError(t, err)
	}
	tell("e1")
	tell("e2")
	tell("e1")
	require.Contains(t, received(5).Content, own)
	operator := notificationrpc.NewClient(p.as("operator", "notification"))
	about, err := operator.About(ctx, own)
	require.NoError(t, err)
	require.Len(t, about, 1)
	require.Equal(t, email, about[0].Address)
	_, err = notificationrpc.NewClient(p.as("payment", "notification")).About(ctx, own)
	require.Equal(t, fault.Denied, fault.CodeOf(err))
	stop()

	tell("e3")
	tell("e2")
	_, err = bus.Publish(ctx, []event.Message{confirmed("e4", "b8557e09-1ca9-8ac6-b79b-8c821f1a990d", account.Account)})
	require.NoError(t, err)
	p.RPC.Listener = listen(t)
	p.at = p.RPC.Listener.Addr().String()
	stop = runs(t, p.Options)
	require.Contains(t, received(6).Content, "8c821f1a990d", "only the other order's")
	stop()

	canaries := []string{email, token, reset, password}
	for _, m := range bus.Stored() {
		for _, c := range canaries {
			require.NotContains(t, fmt.Sprint(m.Header)+string(m.Data), c, m.Topic)
		}
	}
	for _, c := range canaries {
		require.NotContains(t, p.log.String(), c)
	}
	require.NotEmpty(t, p.log.String())
}

// TestMailsWaitWithoutAServer: the worker is ready, and says so.
func TestMailsWaitWithoutAServer(t *testing.T) {
	t.Parallel()
	o := options(t, "notification")
	require.NoError(t, Migrate(t.Context(), o))
	g, err := New(o)
	require.NoError(t, err)
	stop := start(t, g, connect(t, &flickering{}))
	require.Equal(t, []string{"mails wait: no smtp_url is configured, or the user service cannot be asked"}, g.Warnings())
	require.NoError(t, g.Ready(t.Context()))
	stop()
}
