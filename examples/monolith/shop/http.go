package shop

import (
	"crypto/subtle"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
)

// status is an answer with another status than 200.
type status struct {
	code int
	body any
}

// located is a placed order.
type located struct {
	order    order
	replayed bool
}

// Handler returns the shop's HTTP API.
func (s *Shop) Handler() http.Handler {
	mux := http.NewServeMux()
	for pattern, f := range map[string]func(*http.Request) (any, error){
		"GET /v1/products":            s.listProducts,
		"GET /v1/products/{sku}":      s.getProduct,
		"GET /v1/stock/{sku}":         s.getStock,
		"POST /v1/stock/check":        s.checkStock,
		"POST /v1/users":              s.register,
		"POST /v1/sessions":           s.logIn,
		"DELETE /v1/sessions/current": s.logOut,
		"GET /v1/me":                  s.me,
		"POST /v1/orders":             s.placeOrder,
		"GET /v1/orders":              s.listOrders,
		"GET /v1/orders/{id}":         s.getOrder,
		"POST /v1/orders/{id}/cancel": s.cancelOrder,
		"GET /healthz":                func(*http.Request) (any, error) { return map[string]string{"status": "ok"}, nil },
		"GET /back/export/{kind}":     s.backDoor(s.export),
		"GET /back/sums":              s.backDoor(s.sums),
		"PUT /back/orders/{id}":       s.backDoor(s.writeBack),
		"POST /back/orders/missing":   s.backDoor(s.missing),
		"GET /back/stock":             s.backDoor(s.where),
		"PUT /back/stock":             s.backDoor(s.stockDoor),
	} {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) { s.answer(w, r, f) })
	}
	return mux
}

func (s *Shop) answer(w http.ResponseWriter, r *http.Request, f func(*http.Request) (any, error)) {
	r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
	body, err := f(r)
	var refused refusal
	switch {
	case errors.As(err, &refused):
		problem(w, refused)
		return
	case err != nil:
		s.o.Logger.ErrorContext(r.Context(), "a request failed", "method", r.Method, "path", r.URL.Path, "error", err)
		problem(w, refusal{http.StatusInternalServerError, "INTERNAL", "internal error"})
		return
	}
	code := http.StatusOK
	switch b := body.(type) {
	case status:
		code, body = b.code, b.body
	case located:
		w.Header().Set("Location", "/v1/orders/"+b.order.ID)
		if b.replayed {
			w.Header().Set("Idempotency-Replayed", "true")
		}
		body = b.order
	}
	if body == nil {
		w.WriteHeader(code)
		return
	}
	write(w, code, "application/json", body)
}

func problem(w http.ResponseWriter, r refusal) {
	if r.status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "1")
	}
	write(w, r.status, "application/problem+json", map[string]any{
		"type": "about:blank", "title": http.StatusText(r.status), "status": r.status, "code": r.code, "detail": r.detail,
	})
}

func write(w http.ResponseWriter, code int, media string, body any) {
	w.Header().Set("Content-Type", media)
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(body) // a client that has gone misses nothing
}

// read reads the body.
func read(r *http.Request, into any) error {
	content, err := io.ReadAll(r.Body)
	if err == nil {
		err = json.Unmarshal(content, into)
	}
	if err != nil {
		return refuse(http.StatusBadRequest, "MALFORMED", "the body is not the JSON that is expected here")
	}
	return nil
}

// pageOf returns the limit of a list.
func pageOf(r *http.Request, otherwise, most int) (int, error) {
	asked := r.URL.Query().Get("limit")
	if asked == "" {
		return otherwise, nil
	}
	n, err := strconv.Atoi(asked)
	if err != nil || n < 1 || n > most {
		return 0, refuse(http.StatusUnprocessableEntity, "VALIDATION_FAILED", "limit is 1 to "+strconv.Itoa(most))
	}
	return n, nil
}

func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }
