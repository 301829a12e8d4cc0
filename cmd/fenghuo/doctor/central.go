package doctor

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/fenghuo-soc/fenghuo/shared/org"
	"github.com/fenghuo-soc/fenghuo/shared/soc"
)

var deployRoles = text{
	"Deploy roles-administrator of s.yaml again: it makes what template.yaml has and is not there.",
	"请重新部署 s.yaml 中的 roles-administrator，它会按 template.yaml 创建缺失的资源。",
}

func centralProject(ctx context.Context, e *examination) {
	if _, err := e.central.Get(ctx); soc.KindOf(err) == soc.NotFound {
		e.fail(e.central.Name(), text{"The project " + e.central.Name() + " does not exist.", "日志项目 " + e.central.Name() + " 不存在。"}, deployRoles)
	} else if err != nil {
		e.unseen(e.central.Name(), err, text{})
	} else {
		e.pass(same(e.central.Name()))
	}
}

var noProject = text{"The project is not there.", "日志项目不存在。"}

func centralLogstores(ctx context.Context, e *examination) {
	if e.failed("project") {
		e.skip(noProject)
		return
	}
	e.each(e.manifest.logstores, func(name string) error {
		_, err := e.central.GetLogstore(ctx, name)
		return err
	}, func(name string) text {
		return text{"The Logstore " + name + " does not exist.", "日志库 " + name + " 不存在。"}
	})
}

func centralIndexes(ctx context.Context, e *examination) {
	if e.failed("project") {
		e.skip(noProject)
		return
	}
	there := slices.DeleteFunc(slices.Clone(e.manifest.indexed), func(name string) bool {
		return slices.ContainsFunc(e.out, func(f Finding) bool { return f.ID == "logstores" && f.Subject == name && f.Result == org.Fail })
	})
	e.each(there, func(name string) error {
		_, err := e.central.GetIndex(ctx, name)
		return err
	}, func(name string) text {
		return text{"The Logstore " + name + " has no index, so that nothing in it is found.", "日志库 " + name + " 没有索引，无法检索其中的日志。"}
	})
}

// each looks at every name: those that are absent fail, with one finding each.
func (e *examination) each(names []string, look func(string) error, absent func(string) text) {
	good := true
	for _, name := range names {
		err := look(name)
		if soc.KindOf(err) == soc.NotFound {
			e.fail(name, absent(name), deployRoles)
		} else if err != nil {
			e.unseen(name, err, text{})
		}
		good = good && err == nil
	}
	if good {
		e.pass(same(fmt.Sprint(len(names), ": ", strings.Join(names, ", "))))
	}
}
