package shadow

import (
	"bytes"
	"net/http"
)

// recorder keeps an answer.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
	large  bool
}

// Header implements [http.ResponseWriter].
func (r *recorder) Header() http.Header { return r.header }

// WriteHeader implements [http.ResponseWriter].
func (r *recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
}

// Write implements [http.ResponseWriter].
func (r *recorder) Write(p []byte) (int, error) {
	r.WriteHeader(http.StatusOK)
	if r.body.Len()+len(p) > maxBody {
		r.large = true
		return len(p), nil
	}
	return r.body.Write(p) //nolint:wrapcheck // it cannot fail
}

// Tee returns w as a writer that keeps the program's answer, too, for the comparison.
func (j *Job) Tee(w http.ResponseWriter) http.ResponseWriter { return &tee{ResponseWriter: w, job: j} }

// tee keeps the beginning of an answer for a comparison.
type tee struct {
	http.ResponseWriter

	job *Job
}

// Unwrap lets an answer be flushed.
func (t *tee) Unwrap() http.ResponseWriter { return t.ResponseWriter }

// WriteHeader implements [http.ResponseWriter].
func (t *tee) WriteHeader(status int) {
	t.job.legacy.Status = status
	t.ResponseWriter.WriteHeader(status)
}

// Write implements [http.ResponseWriter].
func (t *tee) Write(p []byte) (int, error) {
	t.job.keep(p)
	return t.ResponseWriter.Write(p) //nolint:wrapcheck // it is that writer
}

// keep adds a part of the program's answer.
func (j *Job) keep(p []byte) {
	if len(j.legacy.Body)+len(p) > maxBody {
		j.large, j.legacy.Body = true, nil
	}
	if !j.large {
		j.legacy.Body = append(j.legacy.Body, p...)
	}
}
