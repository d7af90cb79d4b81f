"""The checks: one pytest module a chapter, one function a requirement or a part of one."""
