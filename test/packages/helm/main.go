// Renders a Helm chart as helm template does, with the functions that charts use: text/template, Sprig, include, tpl, toYaml, required, lookup.
// Where the helm program itself is not to be had, this shows that the templates are good and what comes out of them.
//
//	chart CHART-FOLDER RELEASE NAMESPACE [VALUES-FILE ...]
package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"text/template"

	"github.com/Masterminds/sprig"
	"github.com/ghodss/yaml"
)

func fail(problem interface{}) {
	fmt.Fprintln(os.Stderr, "chart:", problem)
	os.Exit(1)
}

func read(file string) map[string]interface{} {
	text, err := os.ReadFile(file)
	if err != nil {
		fail(err)
	}
	values := map[string]interface{}{}
	if err := yaml.Unmarshal(text, &values); err != nil {
		fail(fmt.Sprintf("%s: %v", file, err))
	}
	return values
}

// merge lays tables over each other; anything else is replaced whole.
func merge(under, over map[string]interface{}) map[string]interface{} {
	for name, value := range over {
		a, isTable := under[name].(map[string]interface{})
		b, isTableToo := value.(map[string]interface{})
		if isTable && isTableToo {
			under[name] = merge(a, b)
		} else {
			under[name] = value
		}
	}
	return under
}

func main() {
	if len(os.Args) < 4 {
		fail("usage: chart CHART-FOLDER RELEASE NAMESPACE [VALUES-FILE ...]")
	}
	folder := os.Args[1]
	about := read(filepath.Join(folder, "Chart.yaml"))
	values := read(filepath.Join(folder, "values.yaml"))
	for _, file := range os.Args[4:] {
		values = merge(values, read(file))
	}
	chart := map[string]interface{}{}
	for name, value := range about {
		chart[strings.ToUpper(name[:1])+name[1:]] = value
	}
	context := map[string]interface{}{
		"Values":       values,
		"Chart":        chart,
		"Release":      map[string]interface{}{"Name": os.Args[2], "Namespace": os.Args[3], "Service": "Helm", "IsInstall": true, "IsUpgrade": false, "Revision": 1},
		"Capabilities": map[string]interface{}{"KubeVersion": map[string]interface{}{"Version": "v1.30.0", "Major": "1", "Minor": "30"}},
	}

	all := template.New("chart").Option("missingkey=error")
	functions := sprig.TxtFuncMap()
	delete(functions, "env")
	delete(functions, "expandenv")
	functions["toYaml"] = func(value interface{}) string {
		text, err := yaml.Marshal(value)
		if err != nil {
			panic(err)
		}
		return strings.TrimSuffix(string(text), "\n")
	}
	functions["fromYaml"] = func(text string) map[string]interface{} {
		value := map[string]interface{}{}
		if err := yaml.Unmarshal([]byte(text), &value); err != nil {
			panic(err)
		}
		return value
	}
	functions["required"] = func(problem string, value interface{}) (interface{}, error) {
		if value == nil || value == "" {
			return nil, fmt.Errorf("%s", problem)
		}
		return value, nil
	}
	// As without a cluster.
	functions["lookup"] = func(string, string, string, string) map[string]interface{} { return map[string]interface{}{} }
	functions["include"] = func(name string, data interface{}) (string, error) {
		var text bytes.Buffer
		err := all.ExecuteTemplate(&text, name, data)
		return text.String(), err
	}
	functions["tpl"] = func(text string, data interface{}) (string, error) {
		copied, err := all.Clone()
		if err != nil {
			return "", err
		}
		parsed, err := copied.New("tpl").Parse(text)
		if err != nil {
			return "", err
		}
		var out bytes.Buffer
		err = parsed.Execute(&out, data)
		return out.String(), err
	}
	// Helm's own templates see absent values as nothing.
	all = all.Funcs(functions).Option("missingkey=zero")
	files, err := filepath.Glob(filepath.Join(folder, "templates", "*"))
	if err != nil {
		fail(err)
	}
	sort.Strings(files)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			fail(err)
		}
		if _, err := all.New(filepath.Base(file)).Parse(string(text)); err != nil {
			fail(err)
		}
	}
	for _, file := range files {
		name := filepath.Base(file)
		if strings.HasPrefix(name, "_") {
			continue
		}
		var out bytes.Buffer
		if err := all.ExecuteTemplate(&out, name, context); err != nil {
			fail(err)
		}
		if strings.HasSuffix(name, ".txt") {
			fmt.Fprintln(os.Stderr, strings.ReplaceAll(out.String(), "<no value>", ""))
			continue
		}
		for _, document := range strings.Split(strings.ReplaceAll(out.String(), "<no value>", ""), "\n---\n") {
			var parsed map[string]interface{}
			if err := yaml.Unmarshal([]byte(document), &parsed); err != nil {
				fail(fmt.Sprintf("%s: %v\n%s", name, err, document))
			}
			if len(parsed) > 0 {
				fmt.Printf("---\n# Source: %s\n%s\n", name, strings.TrimSpace(document))
			}
		}
	}
}
