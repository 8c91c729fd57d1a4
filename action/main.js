// The main step's entry point: node only because of the post step; the work is Python's (shim.js).
'use strict';

require('./shim.js').start('main');
