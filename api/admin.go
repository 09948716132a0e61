package api

import (
	"log/slog"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"
	"go.temporal.io/sdk/converter"

	"github.com/amends/amends/api/cases"
	"github.com/amends/amends/api/edge"
	"github.com/amends/amends/api/edge/caller"
	"github.com/amends/amends/api/operator"
	"github.com/amends/amends/api/operator/batches"
	"github.com/amends/amends/api/operator/codec"
	"github.com/amends/amends/api/operator/invoices"
	"github.com/amends/amends/api/operator/letters"
	"github.com/amends/amends/api/operator/platform"
	operatorroutes "github.com/amends/amends/api/operator/routes"
	"github.com/amends/amends/api/operator/sight"
	"github.com/amends/amends/api/shop"
	"github.com/amends/amends/internal/probe"
)

// Admin configures the admin address of a process: its probes and, where the process
// has an API, repairs, lists of orders and cases; where it runs services, dead letters. It is for operators: never
// expose it to clients.
type Admin struct {
	probe.Probe

	// Repairs is the API of the process, which repairs, refunds, lists and cases ask. Nil means that the
	// process has neither an API nor a route for them.
	Repairs *Server
	// Letters has the dead letters of the process's services. Nil means that it runs none,
	// and has no route for them.
	Letters letters.Desk
	// Messages has the messages to customers. Nil means that they cannot be asked, and that
	// the process has no route for them.
	Messages operator.Messages
	// Payloads opens sealed payloads for operators. Nil means that they are plain, and that
	// the process has no route for them. WebUI is the origin whose pages may ask for it.
	Payloads converter.PayloadCodec
	WebUI    string
	// Doctor is the reconciler of the platform, and Instances who answers for its services. Nil
	// means that the process has no route for both.
	Doctor    platform.Doctor
	Instances platform.Instances
	// Console returns the pages for operators, at which the paths below /console are served;
	// they ask admin, the handler of this address. Nil: there are none.
	Console func(admin http.Handler) http.Handler
	// Operators may use all of them. Without any, every operation is refused with NO_OPERATORS.
	Operators []operator.Operator
	// Logger gets failures, repairs and decisions. Nil is [slog.Default].
	Logger *slog.Logger
}

// NewAdmin returns the handler of an admin address: the probes, and the routes of its
// contract, admin.yaml, that the process can answer.
func NewAdmin(a Admin) http.Handler {
	log := a.Logger
	if log == nil {
		log = slog.Default()
	}
	e := edge.New(edge.Config{Log: log, MaxBody: edge.DefaultMaxBody})
	var verifier caller.Verifier
	if a.Repairs != nil {
		verifier = a.Repairs.verifier
	}
	gate := operator.NewGate(a.Operators, verifier, log)
	r := edge.Router{Echo: e, Middleware: adminRoutes.middleware(guards{operators: gate.Operators, supporters: gate.Support})}
	var acts *operator.Audit
	if a.Repairs != nil {
		records := shop.NewReader(a.Repairs.services)
		acts = operator.NewAudit(a.Repairs.users, log)
		acts.Register(r)
		batches.New(batches.Config{Journal: a.Repairs.users, Acts: acts, Log: log}).Register(r)
		operator.New(operator.Config{Orders: a.Repairs.orders, Refunds: records, Acts: acts, Log: log}).Register(r)
		invoices.New(a.Repairs.invoices.Any()).Register(r)
		operator.NewLists(a.Repairs.model).Register(r)
		sight.New(sight.Config{Orders: a.Repairs.orders, Model: a.Repairs.model, Records: records, DecideAfter: a.Repairs.decideAfter, Acts: acts}).Register(r)
		operator.NewCases(operator.CasesConfig{Cases: cases.NewDesk(a.Repairs.cases), Acts: acts, Log: log}).Register(r)
		operatorroutes.New(operatorroutes.Config{Switch: a.Repairs.routes, Acts: acts, Log: log}).Register(r)
		operator.NewRefunds(operator.RefundsConfig{Orders: a.Repairs.orders, Records: records, Acts: acts, Log: log}).Register(r)
	}
	if a.Letters != nil {
		letters.New(letters.Config{Desk: a.Letters, Acts: acts, Log: log}).Register(r)
	}
	if a.Messages != nil {
		operator.NewNotifications(operator.NotificationsConfig{Messages: a.Messages, Log: log}).Register(r)
	}
	if a.Payloads != nil {
		codec.New(codec.Config{Payloads: a.Payloads, Origin: a.WebUI, Log: log}).Register(r)
	}
	if a.Doctor != nil {
		platform.New(platform.Config{Doctor: a.Doctor, Instances: a.Instances, Acts: acts, Log: log}).Register(r)
	}
	if a.Console != nil {
		pages := echo.WrapHandler(a.Console(e))
		e.Any("/console", func(c echo.Context) error { return c.Redirect(http.StatusSeeOther, "/console/") })
		e.Any("/console/*", pages)
	}
	if a.Repairs != nil || a.Letters != nil {
		operator.RegisterContracts(r)
	}
	for _, endpoint := range a.Endpoints() {
		r.GET(echoPath(endpoint.Path), func(c echo.Context) error { return endpoint.Serve(c.Response(), c.Request()) })
	}
	return e
}

// echoPath returns a path of a contract as Echo writes it: :id for {id}.
func echoPath(path string) string { return strings.NewReplacer("{", ":", "}", "").Replace(path) }

// AdminServer returns a server for addr with the same limits as [HTTPServer].
func AdminServer(addr string, h http.Handler, log *slog.Logger) *http.Server {
	return edge.NewServer(addr, h, log)
}
