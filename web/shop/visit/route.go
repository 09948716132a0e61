package visit

// Route is a page, or the effect of a form of one. Path is a pattern of [net/http.ServeMux].
type Route struct {
	Method, Path string
	Handler      func(*Visit) error
}
