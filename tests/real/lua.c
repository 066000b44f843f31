/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Debian's Lua library with its standard libraries: runs the script argv[1]. */
#include <lua5.4/lauxlib.h>
#include <lua5.4/lua.h>
#include <lua5.4/lualib.h>
#include <stdio.h>

int main(int argc, char **argv)
{
	lua_State *L = luaL_newstate();

	if (!L || argc < 2)
		return 2;
	luaL_openlibs(L);
	if (luaL_dofile(L, argv[1])) {
		printf("%s\n", lua_tostring(L, -1));
		return 1;
	}
	lua_close(L);
	return 0;
}
