package problem

import (
	"maps"
	"net/http"
	"slices"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/identity/token"
	"github.com/amends/amends/internal/orders/invoice"
	"github.com/amends/amends/internal/orders/place"
	"github.com/amends/amends/internal/orders/read"
	"github.com/amends/amends/internal/orders/refund"
	"github.com/amends/amends/saga"
	"github.com/amends/amends/services/payment"
	"github.com/amends/amends/services/support"
	"github.com/amends/amends/services/user"
	"github.com/amends/amends/services/user/password"
	"github.com/amends/amends/workflows"
)

// Codes of the HTTP faces, beside those of the packages that refuse requests.
// Clients keep them: codes are only ever added.
const (
	BadRequest           fault.Code = "BAD_REQUEST"
	MalformedBody        fault.Code = "MALFORMED_BODY"
	KeyMissing           fault.Code = "IDEMPOTENCY_KEY_MISSING"
	KeyInvalid           fault.Code = "IDEMPOTENCY_KEY_INVALID"
	OrderIDInvalid       fault.Code = "ORDER_ID_INVALID"
	MethodNotAllowed     fault.Code = "METHOD_NOT_ALLOWED"
	NotAcceptable        fault.Code = "NOT_ACCEPTABLE"
	BodyTooLarge         fault.Code = "BODY_TOO_LARGE"
	MediaTypeUnsupported fault.Code = "UNSUPPORTED_MEDIA_TYPE"
	EncodingUnsupported  fault.Code = "UNSUPPORTED_CONTENT_ENCODING"
	ValidationFailed     fault.Code = "VALIDATION_FAILED"
	Unauthorized         fault.Code = "UNAUTHORIZED"
	NoOperators          fault.Code = "NO_OPERATORS"
	HostUnknown          fault.Code = "HOST_UNKNOWN"
	OriginForeign        fault.Code = "ORIGIN_FOREIGN"
	QuotaExceeded        fault.Code = "QUOTA_EXCEEDED"
	ReducedCapacity      fault.Code = "REDUCED_CAPACITY"
	CSRFTokenWrong       fault.Code = "CSRF_TOKEN_WRONG" //nolint:gosec // a code
	ScopeMissing         fault.Code = "SCOPE_MISSING"
	CustomerForeign      fault.Code = "CUSTOMER_FOREIGN"
	SessionNeeded        fault.Code = "SESSION_NEEDED"
	RouteNotReady        fault.Code = "ROUTE_NOT_READY"
	UpstreamFailed       fault.Code = "UPSTREAM_FAILED"
	UpstreamTimeout      fault.Code = "UPSTREAM_TIMEOUT"
)

// Overloaded is the code of a placement that was not let in.
const Overloaded = place.Overloaded

// kind is common to all problems of one code.
type kind struct {
	status int
	title  string
	advice string              // the detail, if there is none that says more
	wrong  contract.FieldError // the field that the code is about, if it has a pointer
	uri    string              // the type, if it is a registered one

	operator bool // only the operators' face answers it
}

// The problem types of draft-ietf-httpapi-ratelimit-headers.
const (
	typeQuotaExceeded   = "https://iana.org/assignments/http-problem-types#quota-exceeded"
	typeReducedCapacity = "https://iana.org/assignments/http-problem-types#temporary-reduced-capacity"
)

// table leads from codes to HTTP. A code that is not in it is INTERNAL.
var table = map[fault.Code]kind{
	BadRequest:                     {status: http.StatusBadRequest, title: "The request cannot be read", advice: "A header or the path is malformed."},
	MalformedBody:                  {status: http.StatusBadRequest, title: "The body cannot be read", advice: "The body is not the JSON object that is expected here; see errors."},
	KeyMissing:                     {status: http.StatusBadRequest, title: "The Idempotency-Key is missing", advice: "Send an Idempotency-Key header with a fresh UUID for each order, and repeat it when you repeat the request."},
	KeyInvalid:                     {status: http.StatusBadRequest, title: "The Idempotency-Key is invalid", advice: "It must be given once and have 1 to 255 visible ASCII characters, bare or in double quotes."},
	OrderIDInvalid:                 {status: http.StatusBadRequest, title: "This is not an order's id", advice: "An order's id is a UUID."},
	Unauthorized:                   {operator: true, status: http.StatusUnauthorized, title: "This is for operators", advice: "Send Authorization: Bearer with the secret of one of the operators that operator_tokens (AMENDS_OPERATOR_TOKENS) names."},
	token.Unauthenticated:          {status: http.StatusUnauthorized, title: "The caller is not known", advice: "Send Authorization: Bearer with an access token or an API key; POST /v1/sessions answers a token. It is valid for ten minutes: refresh it."},
	user.SessionEnded:              {status: http.StatusUnauthorized, title: "The session has ended", advice: "Log in again."},
	user.BadCredentials:            {status: http.StatusForbidden, title: "The address and the password do not belong together", advice: "Check both; a password can be reset (POST /v1/password-resets)."},
	CSRFTokenWrong:                 {status: http.StatusForbidden, title: "The request does not prove that it comes from a page of this site", advice: "With cookies, send the value of __Host-amends-csrf as Amends-CSRF."},
	ScopeMissing:                   {status: http.StatusForbidden, title: "The token lacks a scope", advice: "Ask for a token, or an API key, with the scope of the operation."},
	CustomerForeign:                {status: http.StatusForbidden, title: "The order is for another customer", advice: "With a token, customer_id is the caller's account. Leave it out, or send that account's id."},
	SessionNeeded:                  {status: http.StatusForbidden, title: "This needs a session", advice: "An API key cannot do this: log in."},
	NoOperators:                    {operator: true, status: http.StatusForbidden, title: "No operator is configured here", advice: "Start the process with operator_tokens (AMENDS_OPERATOR_TOKENS=name=secret,name2=secret2), secrets of at least 16 characters."},
	OriginForeign:                  {status: http.StatusForbidden, title: "The request comes from a page of another site", advice: "Only pages of this server's own address may change anything here; an operator can allow others (http.origins)."},
	fault.NotFound:                 {status: http.StatusNotFound, title: "Not found", advice: "There is no such order, or it is not yours."},
	MethodNotAllowed:               {status: http.StatusMethodNotAllowed, title: "The method is not allowed here", advice: "See the Allow header."},
	NotAcceptable:                  {status: http.StatusNotAcceptable, title: "No acceptable answer", advice: "Answers are application/json, unless the detail names other types."},
	saga.PastPivot:                 {status: http.StatusConflict, title: "It is too late to cancel", advice: "The payment is being captured or was captured; the order can only go forward."},
	saga.NotFlagged:                {operator: true, status: http.StatusConflict, title: "The step needs no repair", advice: "It makes progress or has ended. Only a flagged step can be repaired: look at the order again."},
	saga.ClosingStep:               {operator: true, status: http.StatusConflict, title: "A closing step cannot be skipped", advice: "The order is decided, and this step is part of its end. Mend what keeps it from succeeding; then retry."},
	saga.PivotStep:                 {operator: true, status: http.StatusConflict, title: "The outcome of the pivot cannot be waived", advice: "Nothing is undone on a guess. Find out at the provider; then retry."},
	saga.AlreadyDecided:            {operator: true, status: http.StatusConflict, title: "The order is decided", advice: "Its saga has ended; there is nothing left to repair. If it is flagged still, acknowledge that."},
	workflows.SagaRuns:             {operator: true, status: http.StatusConflict, title: "The order's saga runs", advice: "What it has flagged may still recover. Repair the step that is flagged: retry it, or skip its undo."},
	workflows.NotDecided:           {operator: true, status: http.StatusConflict, title: "The order is not decided", advice: "Only a decided order is acknowledged. Repair the step that is flagged; amends doctor resumes a saga that was stopped."},
	workflows.NothingToAcknowledge: {operator: true, status: http.StatusConflict, title: "There is nothing to acknowledge", advice: "The order needs no attention."},
	read.SagaStopped:               {status: http.StatusConflict, title: "Nothing works on this order any more", advice: "Its saga was stopped before it decided; an operator has to look at it."},
	support.CaseClosed:             {status: http.StatusConflict, title: "The case is closed", advice: "It takes no more messages. Open another case about the order."},
	support.TooManyCases:           {status: http.StatusConflict, title: "The order has as many cases as it may have", advice: "Close a case, or write another message to one that is open."},
	support.TooManyMessages:        {status: http.StatusConflict, title: "The case has as many messages as it may have", advice: "Close it, and open another one."},
	invoice.None:                   {status: http.StatusNotFound, title: "The order has no invoice", advice: "Nothing was paid for an order that costs nothing."},
	refund.NotConfirmed:            {status: http.StatusConflict, title: "The order is not confirmed", advice: "Only a confirmed order has an invoice, and money to pay back."},
	payment.RefundExceedsCapture:   {status: http.StatusConflict, title: "The refund is larger than the money that is left", advice: "Refunds together, pending ones included, never exceed what was captured, in its currency."},
	user.AddressTaken:              {status: http.StatusConflict, title: "Another account has this address", advice: "Log in to that account, or use another address."},
	user.OrdersOpen:                {status: http.StatusConflict, title: "An order of the account is not decided", advice: "Repeat the request when all orders of the account are decided."},
	user.TooMany:                   {status: http.StatusConflict, title: "The account has as many of these as it may have", advice: "Remove one first."},
	user.TokenSpent:                {status: http.StatusGone, title: "The link does not work, or not any more", advice: "It was used, is too old, or was never sent; ask for another one."},
	BodyTooLarge:                   {status: http.StatusRequestEntityTooLarge, title: "The body is too large", advice: "Send less."},
	MediaTypeUnsupported:           {status: http.StatusUnsupportedMediaType, title: "The media type is not supported", advice: "Send Content-Type: application/json."},
	EncodingUnsupported:            {status: http.StatusUnsupportedMediaType, title: "The content encoding is not supported", advice: "Send the body uncompressed."},
	HostUnknown:                    {status: http.StatusMisdirectedRequest, title: "This server does not answer for that host", advice: "An operator can add the name to those of this server (http.hosts)."},
	ValidationFailed:               {status: http.StatusUnprocessableEntity, title: "The request breaks a rule", advice: "See errors for every field that does."},
	password.Weak:                  {status: http.StatusUnprocessableEntity, title: "The password cannot be chosen", advice: "It must have 8 to 128 characters, and not be one of the most common ones."},
	saga.UnknownStep:               {operator: true, status: http.StatusUnprocessableEntity, title: "The order's saga has no such step", advice: "The steps of the order are those of its steps list.", wrong: Field("/step", FieldNotAllowed, "is not a step of the order's saga")},
	saga.ReasonMissing:             {operator: true, status: http.StatusUnprocessableEntity, title: "The reason is missing", advice: "Say why, for those who look later.", wrong: Field("/reason", FieldRequired, "is missing")},
	saga.ReferenceMissing:          {operator: true, status: http.StatusUnprocessableEntity, title: "The reference is missing", advice: "The step holds money: say where to find what was done instead, for example the number of a refund.", wrong: Field("/reference", FieldRequired, "is missing")},
	place.KeyReused:                {status: http.StatusUnprocessableEntity, title: "The Idempotency-Key was used for another request", advice: "Nothing was changed. Use a fresh key for another order."},
	QuotaExceeded:                  {status: http.StatusTooManyRequests, title: "A quota is used up", advice: "Nothing was started by this request. Repeat it after Retry-After seconds; RateLimit-Policy has the quotas.", uri: typeQuotaExceeded},
	user.TryLater:                  {status: http.StatusTooManyRequests, title: "Too many attempts failed", advice: "Try again after Retry-After seconds, or reset the password."},
	fault.Internal:                 {status: http.StatusInternalServerError, title: "Internal error", advice: "Name the request_id when you ask for help."},
	fault.Unavailable:              {status: http.StatusServiceUnavailable, title: "Temporarily unavailable", advice: "A part that is needed does not answer right now. Try again after Retry-After seconds."},
	place.Overloaded:               {status: http.StatusServiceUnavailable, title: "More is asked than can be done in time", advice: "Nothing was started by this request. Repeat it with the same Idempotency-Key after Retry-After seconds: an earlier request with it may have placed the order."},
	ReducedCapacity:                {status: http.StatusServiceUnavailable, title: "More important requests come first right now", advice: "So much is asked that questions give way to orders. Repeat the request after Retry-After seconds.", uri: typeReducedCapacity},
	RouteNotReady:                  {status: http.StatusConflict, title: "The route's gate is closed", advice: "Let more answers be compared, and mend what differs; or force the change, with the reason."},
	UpstreamFailed:                 {status: http.StatusBadGateway, title: "The program behind the gateway does not work", advice: "It may have done what was asked, or not. Read before you repeat a change, or repeat it with the same Idempotency-Key."},
	UpstreamTimeout:                {status: http.StatusGatewayTimeout, title: "The program behind the gateway took too long", advice: "It may do what was asked, or not. Read before you repeat a change, or repeat it with the same Idempotency-Key."},
	place.PlacementUnknown:         {status: http.StatusServiceUnavailable, title: "It is not known yet whether the order was placed", advice: "The order may exist, at Location. Repeat the request with the same Idempotency-Key after Retry-After seconds: it never makes a second order."},
}

// Listed is one code, as the page for developers shows it.
type Listed struct {
	Code   fault.Code `json:"code"`
	Status int        `json:"status"`
	Title  string     `json:"title"`
	Advice string     `json:"advice"`
}

// List returns every code, by status.
func List() []Listed { return list(func(kind) bool { return true }) }

// Public returns the codes that clients of the public face can meet, by status.
func Public() []Listed { return list(func(k kind) bool { return !k.operator }) }

func list(has func(kind) bool) (all []Listed) {
	for _, code := range slices.Sorted(maps.Keys(table)) {
		if k := table[code]; has(k) {
			all = append(all, Listed{code, k.status, k.title, k.advice})
		}
	}
	slices.SortStableFunc(all, func(a, b Listed) int { return a.Status - b.Status })
	return all
}
