package look

import (
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strconv"
)

// asset is a file that pages load.
type asset struct {
	version, kind string
	content       []byte
}

// load adds the files of assets/.
func (s *Site) load(files fs.FS) {
	found, err := fs.Glob(files, "assets/*")
	if err != nil {
		panic(err) // the pattern is a constant
	}
	for _, file := range found {
		content, err := fs.ReadFile(files, file)
		if err != nil {
			panic(err) // it is embedded
		}
		sum := sha256.Sum256(content)
		s.assets[path.Base(file)] = &asset{hex.EncodeToString(sum[:6]), mime.TypeByExtension(path.Ext(file)), content}
	}
}

// asset returns the path of an asset, which changes with its content.
func (s *Site) asset(name string) string {
	a, ok := s.assets[name]
	if !ok {
		panic("look: there is no asset " + name) // a template is wrong
	}
	return s.base + "/assets/" + a.version + "/" + name
}

// ServeAsset answers a request for an asset, whose path ends in its version and its name.
// Browsers keep it: another content has another path.
func (s *Site) ServeAsset(w http.ResponseWriter, r *http.Request) {
	a, ok := s.assets[path.Base(r.URL.Path)]
	if !ok || path.Base(path.Dir(r.URL.Path)) != a.version {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	h.Set("Content-Type", a.kind)
	h.Set("Content-Length", strconv.Itoa(len(a.content)))
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	if r.Method != http.MethodHead {
		_, _ = w.Write(a.content) // the client left
	}
}
