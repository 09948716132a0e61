package helm

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

// certificate has the fields of cert-manager's Certificate that the chart uses.
type certificate struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Spec              struct {
		SecretName  string   `json:"secretName"`
		Duration    string   `json:"duration"`
		RenewBefore string   `json:"renewBefore"`
		URIs        []string `json:"uris"`
		Usages      []string `json:"usages"`
		PrivateKey  struct {
			Algorithm      string `json:"algorithm"`
			Size           int    `json:"size"`
			RotationPolicy string `json:"rotationPolicy"`
		} `json:"privateKey"`
		IssuerRef struct {
			Name  string `json:"name"`
			Kind  string `json:"kind"`
			Group string `json:"group"`
		} `json:"issuerRef"`
	} `json:"spec"`
}

// serviceMonitor and prometheusRule are of the Prometheus operator.
type serviceMonitor struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Spec              struct {
		JobLabel  string               `json:"jobLabel"`
		Selector  metav1.LabelSelector `json:"selector"`
		Endpoints []struct {
			Port        string `json:"port"`
			Path        string `json:"path"`
			Interval    string `json:"interval"`
			Relabelings []struct {
				SourceLabels []string `json:"sourceLabels"`
				TargetLabel  string   `json:"targetLabel"`
			} `json:"relabelings"`
		} `json:"endpoints"`
	} `json:"spec"`
}

type prometheusRule struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Spec              struct {
		Groups []struct {
			Name     string `json:"name"`
			Interval string `json:"interval"`
			Rules    []struct {
				Alert       string            `json:"alert"`
				Record      string            `json:"record"`
				Expr        string            `json:"expr"`
				For         string            `json:"for"`
				Labels      map[string]string `json:"labels"`
				Annotations map[string]string `json:"annotations"`
			} `json:"rules"`
		} `json:"groups"`
	} `json:"spec"`
}

// kinds are those that the chart may have. Any other fails.
var kinds = map[string]func() metav1.Object{
	"v1/ConfigMap":                            func() metav1.Object { return new(corev1.ConfigMap) },
	"v1/Secret":                               func() metav1.Object { return new(corev1.Secret) },
	"v1/Service":                              func() metav1.Object { return new(corev1.Service) },
	"v1/ServiceAccount":                       func() metav1.Object { return new(corev1.ServiceAccount) },
	"apps/v1/Deployment":                      func() metav1.Object { return new(appsv1.Deployment) },
	"batch/v1/Job":                            func() metav1.Object { return new(batchv1.Job) },
	"policy/v1/PodDisruptionBudget":           func() metav1.Object { return new(policyv1.PodDisruptionBudget) },
	"autoscaling/v2/HorizontalPodAutoscaler":  func() metav1.Object { return new(autoscalingv2.HorizontalPodAutoscaler) },
	"networking.k8s.io/v1/NetworkPolicy":      func() metav1.Object { return new(networkingv1.NetworkPolicy) },
	"networking.k8s.io/v1/Ingress":            func() metav1.Object { return new(networkingv1.Ingress) },
	"cert-manager.io/v1/Certificate":          func() metav1.Object { return new(certificate) },
	"monitoring.coreos.com/v1/ServiceMonitor": func() metav1.Object { return new(serviceMonitor) },
	"monitoring.coreos.com/v1/PrometheusRule": func() metav1.Object { return new(prometheusRule) },
}

// rendered is the chart for one set of values.
type rendered struct {
	text    string
	objects map[string]metav1.Object // by kind/name
}

func load(t *testing.T) *chart.Chart {
	t.Helper()
	c, err := loader.Load("amends")
	require.NoError(t, err)
	return c
}

// try renders the chart, as `helm install amends --namespace amends` does.
func try(c *chart.Chart, values map[string]any) (map[string]string, error) {
	capabilities := chartutil.DefaultCapabilities.Copy()
	capabilities.KubeVersion = chartutil.KubeVersion{Version: "v1.33.0", Major: "1", Minor: "33"}
	options := chartutil.ReleaseOptions{Name: "amends", Namespace: "amends", Revision: 1, IsInstall: true}
	all, err := chartutil.ToRenderValues(c, values, options, capabilities)
	if err != nil {
		return nil, fmt.Errorf("values: %w", err)
	}
	files, err := engine.Engine{Strict: true}.Render(c, all)
	if err != nil {
		return nil, fmt.Errorf("render: %w", err)
	}
	return files, nil
}

func valuesOf(t *testing.T, set string) (values map[string]any) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata/values", set+".yaml"))
	require.NoError(t, err)
	require.NoError(t, yaml.UnmarshalStrict(text, &values))
	return values
}

// render renders and decodes the chart.
func render(t *testing.T, set string) rendered {
	t.Helper()
	files, err := try(load(t), valuesOf(t, set))
	require.NoError(t, err)
	r := rendered{objects: map[string]metav1.Object{}}
	var text strings.Builder
	for _, name := range sorted(files) {
		if strings.HasSuffix(name, ".tpl") {
			continue
		}
		for _, document := range regexp.MustCompile(`(?m)^---\n`).Split(files[name], -1) {
			if strings.TrimSpace(strip(document)) == "" {
				continue
			}
			fmt.Fprintf(&text, "---\n# %s\n%s\n", strings.TrimPrefix(name, "amends/templates/"), strings.TrimSpace(document))
			r.add(t, name, document)
		}
	}
	r.text = text.String()
	return r
}

// strip removes comments.
func strip(document string) string {
	return regexp.MustCompile(`(?m)^\s*#.*$`).ReplaceAllString(document, "")
}

func (r rendered) add(t *testing.T, file, document string) {
	t.Helper()
	var kind metav1.TypeMeta
	require.NoError(t, yaml.Unmarshal([]byte(document), &kind), file)
	create, known := kinds[kind.APIVersion+"/"+kind.Kind]
	require.True(t, known, "%s: the kind %s/%s is not expected", file, kind.APIVersion, kind.Kind)
	object := create()
	require.NoError(t, yaml.UnmarshalStrict([]byte(document), object), "%s:\n%s", file, document)
	key := kind.Kind + "/" + object.GetName()
	require.NotContains(t, r.objects, key, "twice")
	r.objects[key] = object
}

func sorted[V any](m map[string]V) (keys []string) {
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// of returns the objects of a type by their names.
func of[T metav1.Object](r rendered) map[string]T {
	all := map[string]T{}
	for _, object := range r.objects {
		if o, ok := object.(T); ok {
			all[o.GetName()] = o
		}
	}
	return all
}
