package upstream

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httputil"
	"strings"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/propagation"
)

// ours are prefixes of the names of cookies between the gateway and its clients: no program
// behind it gets or sets them.
var ours = []string{"__Host-amends-", "amends-"}

// CookieGuest is the name of the cookie that keeps a guest on one side of a route.
const CookieGuest = "amends-route"

// Exchange is one request to a program behind the gateway and its answer.
type Exchange struct {
	// Timeout is how long the answer may take to begin.
	Timeout time.Duration
	// Account is the value of [HeaderAccount], "" for none.
	Account string
	// RequestID is the id of the request.
	RequestID string
	// Ours removes the request's Authorization: it is of this platform, and Account says whose
	// it is, if that was asked. A program needs no credential that opens the services.
	Ours bool
	// Plain asks for an answer without compression, because it is read here.
	Plain bool
	// Wanted reports whether an answer of a status is written; another one is [ErrUnwanted].
	// Nil: every answer is.
	Wanted func(status int) bool
}

// ErrUnwanted says that the answer is not one that was wanted.
var ErrUnwanted = errors.New("the answer is not wanted")

// Serve sends r to the upstream and writes its answer to w, each part as it comes. Its error
// says why there was no answer; nothing is written then. It panics with
// [http.ErrAbortHandler] if the answer breaks off.
func (u *Upstream) Serve(w http.ResponseWriter, r *http.Request, e Exchange) (err error) {
	ctx, cancel := context.WithCancelCause(r.Context())
	defer cancel(nil)
	late := time.AfterFunc(e.Timeout, func() { cancel(ErrTimeout) })
	defer late.Stop()
	proxy := httputil.ReverseProxy{
		Rewrite:       e.rewrite,
		Transport:     u,
		FlushInterval: -1,
		ModifyResponse: func(answer *http.Response) error {
			late.Stop() // the answer has begun; its length is the client's to wait for
			if e.Wanted != nil && !e.Wanted(answer.StatusCode) {
				return ErrUnwanted
			}
			clean(answer.Header)
			return nil
		},
		ErrorHandler: func(_ http.ResponseWriter, out *http.Request, failed error) {
			err = failed
			if context.Cause(out.Context()) == error(ErrTimeout) { //nolint:errorlint // it is the cause itself
				err = ErrTimeout
			}
		},
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug), // its lines have no request id; the failure is reported
	}
	proxy.ServeHTTP(newAnswer(w), r.WithContext(ctx))
	return err
}

// rewrite makes the request that the program gets. The host is that of the client: the
// program was reached under that name before the gateway stood in front of it.
func (e Exchange) rewrite(p *httputil.ProxyRequest) {
	p.Out.Host = p.In.Host
	p.SetXForwarded()
	h := p.Out.Header
	if e.Ours {
		h.Del("Authorization")
	}
	for _, name := range []string{HeaderAccount, "Amends-Route", "Amends-Claim", "Amends-Csrf", "Amends-Timeout"} {
		h.Del(name)
	}
	if e.Account != "" {
		h.Set(HeaderAccount, e.Account)
	}
	if e.Plain {
		h.Del("Accept-Encoding")
	}
	h.Set("X-Request-Id", e.RequestID)
	cookies(h)
	for _, name := range []string{"Traceparent", "Tracestate", "Baggage"} {
		h.Del(name)
	}
	otel.GetTextMapPropagator().Inject(p.In.Context(), propagation.HeaderCarrier(h))
}

// cookies removes the gateway's own cookies from a request.
func cookies(h http.Header) {
	var kept []string
	for _, line := range h.Values("Cookie") {
		for one := range strings.SplitSeq(line, ";") {
			if one = strings.TrimSpace(one); one != "" && !own(one) {
				kept = append(kept, one)
			}
		}
	}
	h.Del("Cookie")
	if len(kept) > 0 {
		h.Set("Cookie", strings.Join(kept, "; "))
	}
}

func own(cookie string) bool {
	for _, prefix := range ours {
		if strings.HasPrefix(cookie, prefix) {
			return true
		}
	}
	return false
}

// clean removes from an answer the parts that are the gateway's to say.
func clean(h http.Header) {
	set := h.Values("Set-Cookie")
	h.Del("Set-Cookie")
	for _, one := range set {
		if !own(strings.TrimSpace(one)) {
			h.Add("Set-Cookie", one)
		}
	}
	for _, name := range []string{"X-Request-Id", "Amends-Route", "Amends-Claim", "Alt-Svc", "Strict-Transport-Security"} {
		h.Del(name)
	}
}
