enum ScriptingPlaceholder {}
