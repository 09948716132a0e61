package ask

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/amends/amends/api/client"
)

// Refusal is the problem with which the API answered.
type Refusal struct {
	client.Problem

	Header http.Header
}

// Error implements error.
func (r *Refusal) Error() string { return fmt.Sprintf("the API answered %d %s", r.Status, r.Code) }

// Refuse returns the refusal of a request that the API is not asked for.
func Refuse(status int, code string) error {
	return &Refusal{Problem: client.Problem{Status: status, Code: code}}
}

// CodeOf returns the code of the problem that an error is, "" for any other error.
func CodeOf(err error) string {
	if r, ok := errors.AsType[*Refusal](err); ok {
		return r.Code
	}
	return ""
}

// StatusOf returns the status of the problem that an error is, 500 for any other error, and 0
// for none.
func StatusOf(err error) int {
	if err == nil {
		return 0
	}
	if r, ok := errors.AsType[*Refusal](err); ok {
		return r.Status
	}
	return http.StatusInternalServerError
}

// Read returns the body of an answer as a T, the zero one without a body. An answer that is
// no success is a [Refusal].
func Read[T any](res *http.Response, err error) (value T, header http.Header, failed error) {
	if err != nil {
		return value, nil, fmt.Errorf("ask the API: %w", err)
	}
	defer func() { _ = res.Body.Close() }() // it is read
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return value, nil, fmt.Errorf("read the API's answer: %w", err)
	}
	if res.StatusCode >= http.StatusBadRequest {
		return value, nil, refused(res, body)
	}
	if len(body) > 0 {
		if err := json.Unmarshal(body, &value); err != nil {
			return value, nil, fmt.Errorf("read the API's answer: %w", err)
		}
	}
	return value, res.Header, nil
}

func refused(res *http.Response, body []byte) error {
	r := &Refusal{Header: res.Header}
	if err := json.Unmarshal(body, &r.Problem); err != nil {
		return fmt.Errorf("the API answered %d without a problem: %w", res.StatusCode, err)
	}
	return r
}
